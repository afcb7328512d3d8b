export type EnvironmentSource = Readonly<Record<string, string | undefined>>;
