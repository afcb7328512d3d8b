import { PracticeId } from './pipeline.ts';
export interface Coverage {
    readonly state: 'enforced' | 'exempt' | 'missing';
    readonly reason?: string;
}
export interface CoverageRow {
    readonly kind: 'route' | 'middleware';
    readonly method: string;
    readonly path: string;
    readonly practices: Readonly<Record<PracticeId, Coverage>>;
}
