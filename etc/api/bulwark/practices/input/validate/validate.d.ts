export { ValidateSchemas } from './schemas.ts';
import { DecisionHandler } from '../../../decisions.ts';
import { IncomingMessage } from 'node:http';
import { Part } from './schemas.ts';
import { StandardSchemaV1 } from '@standard-schema/spec';
import { UnknownFields } from './schemas.ts';
import { ValidateSchemas } from './schemas.ts';
export interface ValidateOptions {
    readonly unknown?: UnknownFields;
}
export type Frozen<T> = T extends Untouched ? T : T extends object ? {
    readonly [K in keyof T]: Frozen<T[K]>;
} : T;
type Untouched = Date | RegExp | URL | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | ArrayBufferView | Blob | ((...args: never[]) => unknown);
export type Validated<S extends ValidateSchemas> = {
    readonly [P in Part as S[P] extends StandardSchemaV1 ? P : never]: S[P] extends StandardSchemaV1 ? Frozen<StandardSchemaV1.InferOutput<S[P]>> : never;
};
export type ValidateHandler<S extends ValidateSchemas> = DecisionHandler & {
    of(req: IncomingMessage): Validated<S>;
};
export interface ValidInput {
    readonly body?: unknown;
    readonly query?: unknown;
    readonly params?: unknown;
    readonly headers?: unknown;
}
declare global {
    namespace Express {
        interface Request {
            readonly valid?: ValidInput;
        }
    }
}
export declare function validate<const S extends ValidateSchemas>(schemas: S, options?: ValidateOptions): ValidateHandler<S>;
