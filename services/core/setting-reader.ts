// How a setting is read: by its name from the environment, an empty one counting as absent, with
// the fallback of its table. What is wrong goes to one list of sentences: name, what is wrong, the
// remedy.

export interface Setting {
  readonly name: string;
  /** '' where an absent setting means none. */
  readonly fallback: string;
  readonly meaning: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingReader<Name extends string> {
  readonly text: (name: Name) => string;
  /** Whether the environment itself says it. */
  readonly isGiven: (name: Name) => boolean;
  readonly orNull: (name: Name) => string | null;
  /** rule ends the sentence "must be …". */
  readonly need: (name: Name, fine: (value: string) => boolean, rule: string) => string;
  readonly whole: (name: Name, min: number, max: number) => number;
  readonly wholeOrNull: (name: Name, min: number, max: number) => number | null;
  /** Of a setting that is true or false. */
  readonly flag: (name: Name) => boolean;
}

export function openSettingReader<Name extends string>(
  environment: Environment,
  table: readonly (Setting & { readonly name: Name })[],
  problems: string[],
): SettingReader<Name> {
  const fallbackOf = (name: Name): string =>
    table
      .filter((setting) => setting.name === name)
      .map(({ fallback }) => fallback)
      .join('');
  const text = (name: Name): string => environment[name] || fallbackOf(name);
  const need = (name: Name, fine: (value: string) => boolean, rule: string): string => {
    const value = text(name);
    if (!fine(value)) problems.push(`${name}=${value}: must be ${rule}.`);
    return value;
  };
  const whole = (name: Name, min: number, max: number): number =>
    Number(
      need(
        name,
        (value) => /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max,
        `a whole number from ${min} to ${max}`,
      ),
    );
  return {
    text,
    isGiven: (name) => Boolean(environment[name]),
    orNull: (name) => text(name) || null,
    need,
    whole,
    wholeOrNull: (name, min, max) => (text(name) === '' ? null : whole(name, min, max)),
    flag: (name) => need(name, isFlag, 'true or false') === 'true',
  };
}

function isFlag(value: string): boolean {
  return value === 'true' || value === 'false';
}
