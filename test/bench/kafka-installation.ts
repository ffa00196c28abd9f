// One installation over one real broker for the benchmarks: the services as processes of their own,
// an S3 that answers at once, and what each process and the broker have spent since.
import { startBroker } from '../../infra/kafka/broker.ts';
import {
  type ServiceProcess,
  startService,
} from '../../services/standalone/demo/service-process.ts';
import { openSignedClient } from '../../services/standalone/demo/signed-client.ts';
import type { ServiceName } from '../../services/standalone/thread-data.ts';
import { type NullS3, openNullS3 } from './bench-process.ts';
import { key, region } from './tagging-job.ts';
import { folderMiB, usageOf } from './usage.ts';

export interface Spent {
  /** CPU seconds by service; several workers together. */
  readonly services: ReadonlyMap<string, number>;
  readonly broker: number;
}

export interface KafkaInstallation {
  readonly s3: NullS3;
  readonly client: ReturnType<typeof openSignedClient>;
  /** Since the installation was ready. */
  spent(): Spent;
  diskMiB(): number;
  stop(): Promise<void>;
}

export async function openKafkaInstallation(
  objects: number,
  workers: number,
  compression: 'none' | 'gzip',
): Promise<KafkaInstallation> {
  const broker = await startBroker({ onSlow: (what) => console.log(what) });
  const s3 = await openNullS3(objects);
  const start = (name: ServiceName): Promise<ServiceProcess> =>
    startService(
      {
        S3BATCH_LOG: 'kafka',
        KAFKA_BROKERS: broker.address,
        KAFKA_COMPRESSION: compression,
        S3BATCH_PORT: '0',
        ...(name === 'control' ? {} : { S3BATCH_METRICS_PORT: '0' }),
        S3BATCH_TAGGING_SAFE: 'true',
        S3BATCH_LOG_LEVEL: 'warn',
        S3_ENDPOINT: s3.url,
        AWS_ACCESS_KEY_ID: key.accessKeyId,
        AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
      },
      process.env,
      (line) => console.log(line),
      name,
    );
  const names: ServiceName[] = ['control', 'ingest', 'reporter'];
  for (let count = 0; count < workers; count += 1) names.push('worker');
  const [control, ...others] = await Promise.all(names.map(start));
  if (control === undefined) throw new Error('there is no control');
  const all = [control, ...others];
  const cpu = () => all.map(({ process: child }) => usageOf(child.pid ?? 0).cpuSeconds);
  const before = cpu();
  const brokerBefore = usageOf(broker.pid).cpuSeconds;
  const client = openSignedClient(control.url, region, 's3', key);
  return {
    s3,
    client,
    spent: () => {
      const services = new Map<string, number>();
      for (const [index, seconds] of cpu().entries()) {
        const name = names[index] ?? '';
        services.set(name, (services.get(name) ?? 0) + seconds - (before[index] ?? 0));
      }
      return { services, broker: usageOf(broker.pid).cpuSeconds - brokerBefore };
    },
    diskMiB: () => folderMiB(broker.dataFolder),
    stop: async () => {
      await client.close();
      await Promise.all(all.map((service) => service.stop()));
      s3.stop();
      await broker.stop();
    },
  };
}
