import { DecisionHandler } from '../../decisions.ts';
import { HeaderPolicies } from './headers-options.ts';
export type ProfileName = 'api' | 'embeddable' | 'oauth-popup' | 'swagger';
export interface ProfileOptions {
    readonly by?: readonly string[];
}
export declare function profile(which: ProfileName | HeaderPolicies, options?: ProfileOptions): DecisionHandler;
