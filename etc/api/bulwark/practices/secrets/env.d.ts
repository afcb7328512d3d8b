import { EnvField } from './field.ts';
import { EnvironmentSource } from './read-variable.ts';
import { Mode } from '../../context.ts';
import { StandardSchemaV1 } from '@standard-schema/spec';
import { boolean } from './fields.ts';
import { duration } from './fields.ts';
import { integer } from './fields.ts';
import { list } from './fields.ts';
import { oneOf } from './fields.ts';
import { port } from './fields.ts';
import { secret } from './secret-fields.ts';
import { secretUrl } from './secret-fields.ts';
import { secrets } from './secret-fields.ts';
import { size } from './fields.ts';
import { string } from './fields.ts';
import { url } from './fields.ts';
export type EnvSchema = Readonly<Record<string, EnvField<unknown> | StandardSchemaV1>>;
export type Env<S extends EnvSchema> = {
    readonly [K in keyof S]: S[K] extends EnvField<infer T> ? T : S[K] extends StandardSchemaV1<unknown, infer O> ? O : never;
};
export interface EnvOptions {
    readonly file?: string | false;
    readonly source?: EnvironmentSource;
    readonly mode?: Mode;
    readonly warn?: (sentence: string) => void;
}
export interface EnvReader {
    <const S extends EnvSchema>(schema: S, options?: EnvOptions): Env<S>;
    readonly string: typeof string;
    readonly integer: typeof integer;
    readonly port: typeof port;
    readonly boolean: typeof boolean;
    readonly oneOf: typeof oneOf;
    readonly duration: typeof duration;
    readonly size: typeof size;
    readonly url: typeof url;
    readonly list: typeof list;
    readonly secret: typeof secret;
    readonly secrets: typeof secrets;
    readonly secretUrl: typeof secretUrl;
}
export declare const env: EnvReader;
