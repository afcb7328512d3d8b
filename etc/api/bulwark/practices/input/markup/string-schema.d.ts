import { StandardSchemaV1 } from '@standard-schema/spec';
export type TextTransform = ((dirty: string) => string) & StandardSchemaV1<string, string>;
