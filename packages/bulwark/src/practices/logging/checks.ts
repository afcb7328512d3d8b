import { type Check, type Exchange, expectThat, header, onExchange, type Probe } from '../../check.ts';

const PAGE: Probe = { method: 'GET', path: '{page}' };
const FORGED_ID = 'bulwark-forged <b>"id"</b>';
const FORGED: Probe = { method: 'GET', path: '{page}', headers: { 'X-Request-Id': FORGED_ID } };

const ID_HEADERS = ['x-request-id', 'request-id', 'x-correlation-id'];

function requestIdOf(exchange: Exchange): string | undefined {
  return ID_HEADERS.map((name) => header(exchange, name)).find((value) => value !== undefined && value !== '');
}

/** The checks of the `logging` practice. What stands in a log no probe can see: the tests look there. */
export const checks: readonly Check[] = [
  {
    id: 'logging/request-id-missing',
    severity: 'low',
    confidence: 'medium',
    title: 'Answers carry no request id',
    cwe: [778],
    asvs: ['16.2.1'],
    probes: { 'logging/page': PAGE },
    judge: (facts) =>
      onExchange(facts, 'logging/page', (exchange) =>
        expectThat(
          requestIdOf(exchange) !== undefined,
          'the answer has no X-Request-Id: what a user reports cannot be found in the log; use logging() first, or secure()',
        ),
      ),
  },
  {
    id: 'logging/request-id-forged',
    severity: 'low',
    confidence: 'high',
    title: 'A client chooses its request id, with any characters',
    cwe: [117],
    asvs: ['16.4.1'],
    probes: { 'logging/forged-id': FORGED },
    judge: (facts) =>
      onExchange(facts, 'logging/forged-id', (exchange) => {
        const id = requestIdOf(exchange);
        if (id === undefined) return { result: 'not-applicable' };
        return expectThat(
          !id.includes('<b>'),
          'X-Request-Id is taken over unchecked: clients can write into the log and give their requests the id of others; make an id for each request, or accept only [A-Za-z0-9._-] from a gateway',
        );
      }),
  },
  {
    id: 'logging/request-line-off',
    // A choice, as an escape hatch is: it may be right, and must not be forgotten.
    severity: 'info',
    confidence: 'high',
    title: 'Requests leave no line in the log',
    cwe: [778],
    asvs: ['16.2.1'],
    probes: {},
    judge({ inside }) {
      if (inside?.requestLines === undefined) {
        return { result: 'unknown', message: 'whether requests are logged can only be seen from inside the process' };
      }
      return expectThat(
        inside.requestLines,
        'no line is written for requests and refusals, so an attack leaves no trace: remove logging.level: false, or give another place by logging.stream or logging.logger',
      );
    },
  },
];
