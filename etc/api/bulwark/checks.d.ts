import { Check } from './check.ts';
export declare const CHECKS: readonly Check[];
