// The little language in which shapes.ts writes down what travels on the wire. A shape is plain
// data; read-shape.ts and write-shape.ts walk it, and ValueOf turns it into the type of the parsed
// value, so that a check, an answer and a type can never disagree.

export interface TextShape {
  readonly kind: 'text';
  /** In characters (code points). */
  readonly min: number;
  readonly max: number;
  readonly pattern: RegExp | null;
}
export interface EnumShape<Value extends string = string> {
  readonly kind: 'enum';
  readonly values: readonly Value[];
}
export interface IntegerShape {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
}
export interface BooleanShape {
  readonly kind: 'boolean';
}
/** ISO 8601 in UTC with milliseconds once parsed. */
export interface TimestampShape {
  readonly kind: 'timestamp';
}
export interface MapShape {
  readonly kind: 'map';
  readonly key: TextShape;
  readonly value: TextShape;
  readonly min: number;
  readonly max: number;
}
interface AnyList {
  readonly kind: 'list';
  readonly member: Shape;
  /** Written on output; on input any name is taken. */
  readonly itemName: string;
  readonly min: number;
  readonly max: number;
}
export interface ListShape<Item extends Shape> extends AnyList {
  readonly member: Item;
}
interface AnyStructure {
  readonly kind: 'structure';
  readonly members: Members;
  /** Whether one of its members, and no second one, must be given. */
  readonly exactlyOne: boolean;
  /** Members of newer clients: harmless ones are ignored, others are refused by name. */
  readonly unknown: 'ignored' | 'refused';
}
export interface StructureShape<Inside extends Members> extends AnyStructure {
  readonly members: Inside;
}
export interface Member {
  readonly shape: Shape;
  readonly required: boolean;
}
export type Members = Readonly<Record<string, Member>>;

export type Shape =
  | TextShape
  | EnumShape
  | IntegerShape
  | BooleanShape
  | TimestampShape
  | MapShape
  | AnyList
  | AnyStructure;

/** The type of a parsed value; what is written may hold any text where an enum stands. */
export type ValueOf<S extends Shape, Side extends 'read' | 'write' = 'read'> = S extends
  | TextShape
  | TimestampShape
  ? string
  : S extends EnumShape<infer Value>
    ? Side extends 'read'
      ? Value
      : string
    : S extends IntegerShape
      ? number
      : S extends BooleanShape
        ? boolean
        : S extends MapShape
          ? Readonly<Record<string, string>>
          : S extends ListShape<infer Item>
            ? readonly ValueOf<Item, Side>[]
            : S extends StructureShape<infer Inside>
              ? StructureValue<Inside, Side>
              : never;

export type WritableOf<S extends Shape> = ValueOf<S, 'write'>;

type StructureValue<M extends Members, Side extends 'read' | 'write'> = {
  readonly [K in keyof M as M[K]['required'] extends true ? K : never]: ValueOf<
    M[K]['shape'],
    Side
  >;
} & {
  readonly [K in keyof M as M[K]['required'] extends true ? never : K]?: ValueOf<
    M[K]['shape'],
    Side
  >;
};

export function text(min: number, max: number, pattern: RegExp | null = null): TextShape {
  return { kind: 'text', min, max, pattern };
}
export function oneOf<const Value extends string>(...values: readonly Value[]): EnumShape<Value> {
  return { kind: 'enum', values };
}
export function integer(min: number, max: number): IntegerShape {
  return { kind: 'integer', min, max };
}
export function list<Item extends Shape>(
  member: Item,
  max: number,
  { min = 0, itemName = 'member' }: { readonly min?: number; readonly itemName?: string } = {},
): ListShape<Item> {
  return { kind: 'list', member, itemName, min, max };
}
export function map(key: TextShape, value: TextShape, min: number, max: number): MapShape {
  return { kind: 'map', key, value, min, max };
}
export function structure<Inside extends Members>(
  members: Inside,
  unknown: 'ignored' | 'refused' = 'refused',
): StructureShape<Inside> {
  return { kind: 'structure', members, exactlyOne: false, unknown };
}
/** Exactly one of the members must be given; one that is not known is refused. */
export function choice<Inside extends Members>(members: Inside): StructureShape<Inside> {
  return { kind: 'structure', members, exactlyOne: true, unknown: 'refused' };
}
export function required<S extends Shape>(
  shape: S,
): { readonly shape: S; readonly required: true } {
  return { shape, required: true };
}
export function optional<S extends Shape>(
  shape: S,
): { readonly shape: S; readonly required: false } {
  return { shape, required: false };
}

export const boolean: BooleanShape = { kind: 'boolean' };
export const timestamp: TimestampShape = { kind: 'timestamp' };
