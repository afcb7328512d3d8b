export type { Coverage, CoverageRow } from './coverage.ts';
export { describeCoverage } from './coverage-text.ts';
export { type Decision, type DecisionHandler, type Exemptable, exempt } from './decisions.ts';
export {
  type Code,
  type ConfigCode,
  ConfigError,
  ERROR_CODES,
  type ErrorCode,
  Refusal,
  type RefusalCode,
  type RefusalDetail,
} from './errors.ts';
export type { EventLevel, EventName, SecurityEvent } from './events.ts';
export type { Gate, GateListening, GateListenOptions } from './gate.ts';
export type { DefaultsDate } from './options.ts';
export { ORDER, type Place, type PracticeId, type StepId } from './pipeline.ts';
export type { Policy, RedirectPolicy, ResolvedPolicy, TemplatePolicy } from './policy.ts';
export { type AccessOptions, access, type Identity } from './practices/access/index.ts';
export { headers } from './practices/headers/index.ts';
export {
  dangerouslyRaw,
  filesOf,
  html,
  input,
  markup,
  redirect,
  type SafeHtml,
  templates,
  text,
  type UploadedFile,
  validate,
} from './practices/input/index.ts';
export { limits } from './practices/limits/index.ts';
export { limit, loginThrottle } from './practices/rate-limit/index.ts';
export {
  type Env,
  EnvironmentError,
  type EnvironmentProblem,
  type EnvOptions,
  type EnvSchema,
  env,
  Secret,
  type SecretList,
} from './practices/secrets/index.ts';
export {
  changeRoles,
  type LogInOptions,
  logIn,
  logOut,
  type OwnSessions,
  proveFactor,
  type Session,
  type SessionInfo,
  type SessionManager,
  type SessionsOptions,
  sessionOf,
  sessionsOf,
} from './practices/sessions/index.ts';
export { secure } from './secure.ts';
export type { SelfTestFinding, SelfTestReport } from './self-test.ts';
