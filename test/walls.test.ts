// The walls between the rooms (docs/ARCHITECTURE.md): who may import whom. Type-only imports count.
// Each rule is first proved able to see: the test counts modules and edges before it judges.
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { beforeAll, expect, test } from 'vitest';

const modulesMin = 60;

/** What a room may import beside its own folder and core/. */
const rooms: readonly { readonly room: string; readonly may: readonly string[] }[] = [
  { room: 'core', may: [] },
  { room: 'adapters', may: ['^schemas/', '^node_modules/', '^node:'] },
  {
    room: 'control',
    may: [
      '^schemas/',
      '^node:(crypto|zlib|buffer)$',
      '^node_modules/(fastify|@fastify|pino|zod|fast-xml-parser|prom-client)/',
    ],
  },
  { room: 'ingest', may: ['^schemas/', '^node:(crypto|zlib|buffer)$', '^node_modules/pino/'] },
  { room: 'worker', may: ['^schemas/', '^node:(crypto|zlib|buffer)$', '^node_modules/pino/'] },
  { room: 'reporter', may: ['^schemas/', '^node:(crypto|zlib|buffer)$', '^node_modules/pino/'] },
  { room: 'sandbox', may: ['^node_modules/', '^node:'] },
];

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly circular: boolean;
}

let edges: readonly Edge[] = [];
let moduleCount = 0;

beforeAll(async () => {
  const { output } = await cruise(
    ['services', 'schemas'],
    { tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' } },
    { extensions: ['.ts', '.js', '.json'], conditionNames: ['import', 'node', 'default'] },
  );
  if (typeof output === 'string') throw new Error('dependency-cruiser gave text, not modules');
  const result: ICruiseResult = output;
  moduleCount = result.modules.filter(({ source }) => /^(services|schemas)\//.test(source)).length;
  edges = result.modules.flatMap(({ source, dependencies }) =>
    dependencies.map((dependency) => ({
      from: source,
      to: dependency.coreModule
        ? `node:${dependency.resolved.replace(/^node:/, '')}`
        : dependency.resolved,
      circular: dependency.circular,
    })),
  );
}, 60_000);

test('the walls test sees the modules and their imports', () => {
  expect(moduleCount).toBeGreaterThan(modulesMin);
  expect(edges.some(({ to }) => to === 'services/core/log.ts')).toBe(true);
  expect(edges.some(({ to }) => to.startsWith('node:'))).toBe(true);
  expect(edges.some(({ to }) => to.startsWith('node_modules/'))).toBe(true);
});

test.each(rooms)('$room imports only what it may', ({ room, may }) => {
  const own = `services/${room}/`;
  const allowed = [/^services\/core\//, ...may.map((pattern) => new RegExp(pattern))];
  const inside = edges.filter(({ from }) => from.startsWith(own));
  expect(inside.length).toBeGreaterThan(0);
  const strangers = inside
    .filter(({ to }) => !to.startsWith(own) && !allowed.some((pattern) => pattern.test(to)))
    .map(({ from, to }) => `${from} imports ${to}`);
  expect(strangers).toEqual([]);
});

test('schemas import core types and the codec libraries only', () => {
  const strangers = edges
    .filter(({ from }) => from.startsWith('schemas/'))
    .filter(({ to }) => !/^(schemas\/|services\/core\/|node:|node_modules\/avsc\/)/.test(to))
    .map(({ from, to }) => `${from} imports ${to}`);
  expect(strangers).toEqual([]);
});

test('no import cycle', () => {
  expect(
    edges.filter(({ circular }) => circular).map(({ from, to }) => `${from} -> ${to}`),
  ).toEqual([]);
});
