// The errors of local topics, with AWS's codes and statuses (SNS API reference, "Common Errors" and
// the errors of each action), so that real clients parse them into their own exceptions.

export type TopicRefusalCode =
  | 'InvalidParameter'
  | 'ValidationError'
  | 'NotFound'
  | 'AuthorizationError'
  | 'InvalidAction'
  | 'TopicLimitExceeded'
  | 'SubscriptionLimitExceeded'
  | 'InternalError';

const statuses: Readonly<Record<TopicRefusalCode, number>> = {
  InvalidParameter: 400,
  ValidationError: 400,
  NotFound: 404,
  AuthorizationError: 403,
  InvalidAction: 400,
  TopicLimitExceeded: 403,
  SubscriptionLimitExceeded: 403,
  InternalError: 500,
};

export interface TopicRefusal {
  readonly kind: 'refused';
  readonly code: TopicRefusalCode;
  readonly status: number;
  readonly message: string;
}

export function refuse(code: TopicRefusalCode, message: string): TopicRefusal {
  return { kind: 'refused', code, status: statuses[code], message };
}

export function invalid(name: string, reason: string): TopicRefusal {
  return refuse('InvalidParameter', `Invalid parameter: ${name} Reason: ${reason}`);
}
