import { CoverageRow } from './coverage.ts';
export declare function describeCoverage(rows: readonly CoverageRow[], width?: number): string;
