// A registry that shows the process itself: CPU, memory, garbage, how late its event loop runs.
import { collectDefaultMetrics, Registry } from 'prom-client';

/** Coarser than the library's own: looking every 10 ms would keep an idle process awake. */
const eventLoopMonitoringPrecision = 100;

export function openProcessRegistry(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision });
  return register;
}
