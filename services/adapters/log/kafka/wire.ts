// The requests of the Kafka protocol that this adapter speaks: kafkajs's encoders and decoders, one
// fixed version each, that brokers from 4.0 on accept. kafkajs's own answers to error codes are
// left out: a response is what the broker said, and failure.ts decides.
// Invariant: this file, channel.ts and log-sizes.ts alone load anything of kafkajs, after guard.ts.
import './guard.ts';
import { createRequire } from 'node:module';
import { decodeFetch, type Fetched } from './decode-fetch.ts';

const require = createRequire(import.meta.url);

interface Encoder {
  writeArray(items: readonly string[], type: 'string', length: number): Encoder;
  writeBoolean(value: boolean): Encoder;
}
const KafkaEncoder: new () => Encoder = require('kafkajs/src/protocol/encoder.js');

export interface WireRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
}

export interface Api<Request, Response> {
  readonly name: string;
  readonly version: number;
  readonly request: (values: Request) => WireRequest;
  readonly decode: (answer: Buffer) => Promise<Response>;
}

interface PartitionCode {
  readonly partition: number;
  readonly errorCode: number;
}
interface Coded {
  readonly errorCode: number;
}
export interface TopicPartitions<Partition> {
  readonly topic: string;
  readonly partitions: readonly Partition[];
}

interface Transaction {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface Message {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ProduceBatch {
  readonly partition: number;
  readonly firstSequence: number;
  readonly messages: readonly Message[];
}

export interface TopicMetadata {
  readonly topicErrorCode: number;
  readonly topic: string;
  readonly partitionMetadata: readonly {
    readonly partitionErrorCode: number;
    readonly partitionId: number;
    readonly leader: number;
    readonly replicas: readonly number[];
  }[];
}

export interface Metadata {
  readonly brokers: readonly {
    readonly nodeId: number;
    readonly host: string;
    readonly port: number;
  }[];
  readonly controllerId: number;
  readonly topicMetadata: readonly TopicMetadata[];
}

interface MetadataRequest {
  /** null: all of them; []: none. */
  readonly topics: readonly string[] | null;
  readonly allowAutoTopicCreation: false;
}

/** Its encoder knows no empty list: it would ask for every topic of the cluster. */
export const metadata: Api<MetadataRequest, Metadata> = {
  ...api<MetadataRequest, Metadata>('metadata', 6),
  request: ({ topics, allowAutoTopicCreation }) => {
    const encode = async () => {
      const names = topics ?? [];
      return new KafkaEncoder()
        .writeArray(names, 'string', topics === null ? -1 : names.length)
        .writeBoolean(allowAutoTopicCreation);
    };
    return { apiKey: 3, apiVersion: 6, apiName: 'Metadata', encode };
  },
};

export const findCoordinator = api<
  { readonly coordinatorKey: string; readonly coordinatorType: 0 | 1 },
  Coded & { readonly coordinator: { readonly host: string; readonly port: number } }
>('findCoordinator', 2);

export const listOffsets = api<
  {
    readonly replicaId: -1;
    /** 0: up to the high watermark. 1: up to the last stable offset. */
    readonly isolationLevel: 0 | 1;
    /** timestamp -1: the end; -2: the start. */
    readonly topics: readonly TopicPartitions<{
      readonly partition: number;
      readonly timestamp: string;
    }>[];
  },
  {
    readonly responses: readonly TopicPartitions<
      PartitionCode & { readonly offset: string; readonly timestamp: string }
    >[];
  }
>('listOffsets', 3);

export const offsetFetch = api<
  {
    readonly groupId: string;
    readonly topics: readonly TopicPartitions<{ readonly partition: number }>[];
  },
  Coded & {
    readonly responses: readonly TopicPartitions<
      PartitionCode & { readonly offset: string; readonly metadata: string | null }
    >[];
  }
>('offsetFetch', 4);

export const initProducerId = api<
  { readonly transactionalId: string; readonly transactionTimeout: number },
  Coded & { readonly producerId: string; readonly producerEpoch: number }
>('initProducerId', 1);

export const addPartitionsToTxn = api<
  Transaction & { readonly topics: readonly TopicPartitions<number>[] },
  {
    readonly errors: readonly {
      readonly topic: string;
      readonly partitionErrors: readonly PartitionCode[];
    }[];
  }
>('addPartitionsToTxn', 1);

export const addOffsetsToTxn = api<Transaction & { readonly groupId: string }, Coded>(
  'addOffsetsToTxn',
  1,
);

export const txnOffsetCommit = api<
  Transaction & {
    readonly groupId: string;
    readonly topics: readonly TopicPartitions<{
      readonly partition: number;
      readonly offset: string;
      readonly metadata: string;
    }>[];
  },
  { readonly topics: readonly TopicPartitions<PartitionCode>[] }
>('txnOffsetCommit', 1);

export const endTxn = api<Transaction & { readonly transactionResult: boolean }, Coded>(
  'endTxn',
  1,
);

export const produce = api<
  {
    readonly acks: -1;
    readonly timeout: number;
    readonly compression: number;
    readonly transactionalId: string | null;
    readonly producerId: string;
    readonly producerEpoch: number;
    readonly topicData: readonly TopicPartitions<ProduceBatch>[];
  },
  {
    readonly topics: readonly {
      readonly topicName: string;
      readonly partitions: readonly (PartitionCode & { readonly baseOffset: string })[];
    }[];
  }
>('produce', 7);

export interface FetchPartition {
  readonly partition: number;
  readonly fetchOffset: string;
  readonly maxBytes: number;
}

interface FetchRequest {
  readonly replicaId: -1;
  readonly isolationLevel: 1;
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly topics: readonly TopicPartitions<FetchPartition>[];
}

/** The answer is decoded here: see decode-fetch.ts. */
export const fetchRecords: Api<FetchRequest, readonly Fetched[]> = {
  ...api<FetchRequest, readonly Fetched[]>('fetch', 11),
  decode: async (answer) => decodeFetch(answer),
};

export const joinGroup = api<
  {
    readonly groupId: string;
    readonly sessionTimeout: number;
    readonly rebalanceTimeout: number;
    readonly memberId: string;
    readonly protocolType: 'consumer';
    readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  },
  Coded & {
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }
>('joinGroup', 5);

export const syncGroup = api<
  {
    readonly groupId: string;
    readonly generationId: number;
    readonly memberId: string;
    readonly groupAssignment: readonly {
      readonly memberId: string;
      readonly memberAssignment: Buffer;
    }[];
  },
  Coded & { readonly memberAssignment: Buffer }
>('syncGroup', 3);

export const heartbeat = api<
  {
    readonly groupId: string;
    readonly groupGenerationId: number;
    readonly memberId: string;
    readonly groupInstanceId: null;
  },
  Coded
>('heartbeat', 3);

export const leaveGroup = api<
  { readonly groupId: string; readonly members: readonly { readonly memberId: string }[] },
  Coded
>('leaveGroup', 3);

export const createTopics = api<
  {
    readonly topics: readonly {
      readonly topic: string;
      readonly numPartitions: number;
      readonly replicationFactor: number;
      readonly configEntries: readonly { readonly name: string; readonly value: string }[];
    }[];
    readonly validateOnly: false;
    readonly timeout: number;
  },
  {
    readonly topicErrors: readonly {
      readonly topic: string;
      readonly errorCode: number;
      readonly errorMessage: string | null;
    }[];
  }
>('createTopics', 3);

export const deleteTopics = api<
  { readonly topics: readonly string[]; readonly timeout: number },
  { readonly topicErrors: readonly { readonly topic: string; readonly errorCode: number }[] }
>('deleteTopics', 1);

export const describeConfigs = api<
  {
    readonly resources: readonly {
      /** 2: a topic; 4: a broker. */
      readonly type: 2 | 4;
      readonly name: string;
      readonly configNames: readonly string[];
    }[];
    readonly includeSynonyms: false;
  },
  {
    readonly resources: readonly (Coded & {
      readonly errorMessage: string | null;
      readonly resourceName: string;
      readonly configEntries: readonly {
        readonly configName: string;
        readonly configValue: string | null;
      }[];
    })[];
  }
>('describeConfigs', 2);

interface DeleteRecordsRequest {
  readonly topics: readonly TopicPartitions<{
    readonly partition: number;
    readonly offset: string;
  }>[];
  readonly timeout: number;
}
interface DeletedRecords {
  readonly topics: readonly TopicPartitions<PartitionCode>[];
}

/** Its response module is made per request, for the error that we do not use. */
export const deleteRecords: Api<DeleteRecordsRequest, DeletedRecords> = {
  ...api<DeleteRecordsRequest, DeletedRecords>('deleteRecords', 1),
  decode: require('kafkajs/src/protocol/requests/deleteRecords/v1/response.js')({ topics: [] })
    .decode,
};

export const listGroups = api<
  undefined,
  Coded & { readonly groups: readonly { readonly groupId: string }[] }
>('listGroups', 2);

export const describeGroups = api<
  { readonly groupIds: readonly string[] },
  { readonly groups: readonly (Coded & { readonly members: readonly unknown[] })[] }
>('describeGroups', 2);

export const deleteGroups = api<
  readonly string[],
  { readonly results: readonly { readonly groupId: string; readonly errorCode: number }[] }
>('deleteGroups', 1);

export const apiVersions = api<
  undefined,
  Coded & {
    readonly apiVersions: readonly {
      readonly apiKey: number;
      readonly minVersion: number;
      readonly maxVersion: number;
    }[];
  }
>('apiVersions', 2);

function api<Request, Response>(folder: string, version: number): Api<Request, Response> {
  const place = `kafkajs/src/protocol/requests/${folder}/v${version}`;
  const request: (values: Request) => WireRequest = require(`${place}/request.js`);
  const response: { readonly decode: (answer: Buffer) => Promise<Response> } = require(
    `${place}/response.js`,
  );
  return { name: folder, version, request, decode: response.decode };
}
