// Every limit of the HTTP front, in one place. None is a setting: a request beyond them is no
// request that a client of the S3 Control API makes.

export const limits = {
  bodyBytesMax: 1024 * 1024,
  /** Of all requests under way: bodies stand in memory before anyone knows who sent them. */
  bodiesBytesMax: 64 * 1024 * 1024,
  /** Sent before the first of them was answered. No client of this API sends even two. */
  requestsPerConnectionMax: 8,
  headerBytesMax: 32 * 1024,
  /** From the first byte of a request to the last of its headers. */
  headersMsMax: 20_000,
  /** From the first byte of a request to the last of its body. */
  requestMsMax: 30_000,
  keepAliveMsMax: 65_000,
  connectionCheckMs: 5_000,
  connectionsMax: 1_000,
  /** How long a call may wait for the coordinator before it is told to come again. */
  answerMsMax: 25_000,
  /** How long /readyz waits for the view of the jobs. */
  readyMsMax: 2_000,
  /** How long /metrics waits for it; then the jobs' figures are left out. */
  figuresMsMax: 1_000,
} as const;
