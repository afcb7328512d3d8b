import { Problem } from './problem.ts';
export type ProblemPage = (problem: Problem, page: {
    readonly nonce: string;
}) => string;
export declare function escapeHtml(text: string): string;
