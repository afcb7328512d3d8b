import { type DecisionHandler, decide } from '../../decisions.ts';
import { ConfigError } from '../../errors.ts';
import { nearest } from '../../options.ts';
import { compileBlock } from './block.ts';
import type { HeaderPolicies } from './headers-options.ts';
import { mergeLayer, type PolicyLayer, readLayer, readOptions } from './layers.ts';

/** Names of the profiles that come with the library. */
export type ProfileName = 'api' | 'embeddable' | 'oauth-popup' | 'swagger';

/** What a profile needs to know. */
export interface ProfileOptions {
  /** `embeddable`: the origins whose pages may frame this route; `['*']` for every page of the web. */
  readonly by?: readonly string[];
}

const PROFILES: Readonly<Record<ProfileName, (options: ProfileOptions) => HeaderPolicies>> = {
  /** Answers that are no pages: nothing loads, nothing runs, nothing frames them. */
  api: () => ({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
        sandbox: true,
      },
    },
  }),
  embeddable: ({ by = [] }) => {
    if (by.length === 0) {
      throw new ConfigError('ERR_CONFIG_VALUE', {
        field: "headers.profile('embeddable').by",
        message: 'it does not say who may embed the route',
        fix: "name the origins: headers.profile('embeddable', { by: ['https://partner.example'] })",
      });
    }
    return {
      contentSecurityPolicy: { directives: { frameAncestors: by } },
      crossOriginResourcePolicy: 'cross-origin',
    };
  },
  /** The page that opens a log-in window of another site, and must hear back from it. */
  'oauth-popup': () => ({ crossOriginOpenerPolicy: 'same-origin-allow-popups' }),
  /** Swagger UI: `style` attributes and images in its style sheet; scripts stay as strict as elsewhere. */
  swagger: () => ({
    contentSecurityPolicy: {
      directives: { imgSrc: ["'self'", 'data:'], requireTrustedTypesFor: false },
      dangerouslyAllow: ["style-src 'unsafe-inline'"],
    },
  }),
};

/**
 * Headers of its own for a route, a router or a path. Everything that it does not name stays as it is elsewhere; where
 * several stand in a request's way, the later one wins by field.
 *
 * - `'api'`: a policy for answers that are no pages: `default-src 'none'`, `sandbox`
 * - `'embeddable'`, with `{ by: [origins] }`: frame-ancestors those, CORP cross-origin, no X-Frame-Options
 * - `'oauth-popup'`: COOP `same-origin-allow-popups`
 * - `'swagger'`: `style-src 'unsafe-inline'`, `img-src data:`, no `require-trusted-types-for`
 * - an object: any of {@link HeaderPolicies}
 *
 * @throws ConfigError for an unknown profile or a wrong setting
 * @example app.use('/docs', headers.profile('swagger'), swaggerUi.serve, swaggerUi.setup(document))
 */
export function profile(which: ProfileName | HeaderPolicies, options: ProfileOptions = {}): DecisionHandler {
  const field = typeof which === 'string' ? `headers.profile('${which}')` : 'headers.profile()';
  const read = readLayer(typeof which === 'string' ? builtIn(which, options, field) : which, field);
  // What the app says of X-Frame-Options elsewhere would contradict the list of this route.
  const layer: PolicyLayer = which === 'embeddable' ? { ...read, xFrameOptions: 'auto' } : read;
  // Judged here, over the defaults, so that a mistake is thrown where it stands and not at the first request.
  compileBlock(mergeLayer(readOptions({}), layer), new Set(), field);
  const summary = typeof which === 'string' ? `profile ${which}` : `own ${Object.keys(which).join(', ')}`;
  return decide({ practice: 'headers', kind: 'setting', summary, value: layer });
}

/**
 * Whether a decision of {@link profile} lets other sites load the route (Cross-Origin-Resource-Policy `cross-origin`): the
 * csrf practice then does not isolate its reads.
 */
export function isEmbeddable(value: unknown): boolean {
  return (value as PolicyLayer | null | undefined)?.crossOriginResourcePolicy === 'cross-origin';
}

/** The layer that a decision of {@link profile} carries. */
export function layerOf(value: unknown): PolicyLayer {
  return value as PolicyLayer;
}

function builtIn(name: string, options: ProfileOptions, field: string): HeaderPolicies {
  const known = Object.keys(PROFILES);
  if (known.includes(name)) return PROFILES[name as ProfileName](options);
  const near = nearest(name, known);
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `there is no such profile${near === undefined ? '' : ` (did you mean "${near}"?)`}`,
    fix: `use one of: ${known.join(', ')}, or an object`,
  });
}
