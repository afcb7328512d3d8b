import { Gate } from './gate.ts';
import { Policy } from './policy.ts';
export declare function secure(app: unknown, policy: Policy): Gate;
