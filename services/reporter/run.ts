// The reporter: follows the jobs and stands a post at each that wants a report. Everything it
// knows it reads from the log, so a reporter that is killed leaves nothing behind but its fenced
// lanes.
// Exit: `signal` is aborted or the control space is gone; it rejects when the log is lost or a bug
// was found.
import { jobCodec } from '../../schemas/codec.ts';
import { ignoreGone } from '../core/log.ts';
import { standPosts } from '../core/posts.ts';
import { wantedOf } from './orders.ts';
import { openPost } from './post.ts';
import { openWorld, type ReporterPorts } from './world.ts';

export async function runReporter(ports: ReporterPorts, signal: AbortSignal): Promise<void> {
  const world = openWorld(ports, signal);
  const { crew, stopping } = world;
  crew.add(
    standPosts({
      log: world.log,
      crew,
      stopping,
      decode: (value) => jobCodec.decode(value),
      isWanted: (job) => wantedOf(job) !== 'nothing',
      open: (job) => openPost(world, job),
    }),
  );
  await crew.ended().catch(ignoreGone);
}
