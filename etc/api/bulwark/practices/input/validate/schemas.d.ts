import { StandardSchemaV1 } from '@standard-schema/spec';
export type Part = 'body' | 'headers' | 'params' | 'query';
export interface ValidateSchemas {
    readonly body?: StandardSchemaV1;
    readonly query?: StandardSchemaV1;
    readonly params?: StandardSchemaV1;
    readonly headers?: StandardSchemaV1;
    readonly response?: StandardSchemaV1 | Readonly<Record<number, StandardSchemaV1>>;
}
export type UnknownFields = 'refuse' | 'strip';
