import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { LOCAL_DOMAINS, LOCAL_NETWORKS } from './local-names.ts';

/** A key and its certificate, both PEM. */
export interface Issued {
  readonly key: string;
  readonly cert: string;
}

/** Who signs: the CA's key and its certificate's names, as read back from the certificate. */
export interface Signer {
  readonly key: KeyObject;
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly notAfter: Date;
}

const DAY = 86_400_000;
const CA_DAYS = 3650;
/** Days that a leaf lives: Apple refuses more than 825 even from a private CA, browsers more than 398 from a public one. */
const LEAF_DAYS = 90;
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/**
 * Makes a CA: ECDSA P-256, signs no further CA, servers only, constrained to {@link LOCAL_DOMAINS} and
 * {@link LOCAL_NETWORKS} (RFC 5280 §4.2.1.10, critical).
 *
 * @param commonName - as it will stand in the trust store
 * @example const { key, cert } = await makeAuthority('Bulwark local CA (anna on laptop)')
 */
export async function makeAuthority(commonName: string): Promise<Issued> {
  const asn = await load();
  const { publicKey, privateKey } = newKey();
  const spki = asn.spki(publicKey);
  const usage = asn.x509.KeyUsageFlags.keyCertSign | asn.x509.KeyUsageFlags.cRLSign;
  const permittedSubtrees = new asn.x509.GeneralSubtrees(
    [
      ...LOCAL_DOMAINS.map((dNSName) => new asn.x509.GeneralName({ dNSName })),
      ...LOCAL_NETWORKS.map((iPAddress) => new asn.x509.GeneralName({ iPAddress })),
    ].map((base) => new asn.x509.GeneralSubtree({ base })),
  );
  return asn.issue(privateKey, privateKey, {
    subject: asn.name(commonName),
    issuer: asn.name(commonName),
    spki,
    notAfter: new Date(Date.now() + CA_DAYS * DAY),
    extensions: [
      asn.extension(
        asn.x509.id_ce_basicConstraints,
        true,
        new asn.x509.BasicConstraints({ cA: true, pathLenConstraint: 0 }),
      ),
      asn.extension(asn.x509.id_ce_keyUsage, true, new asn.x509.KeyUsage(usage)),
      asn.extension(asn.x509.id_ce_extKeyUsage, false, new asn.x509.ExtendedKeyUsage([asn.x509.id_kp_serverAuth])),
      asn.extension(asn.x509.id_ce_nameConstraints, true, new asn.x509.NameConstraints({ permittedSubtrees })),
      asn.extension(asn.x509.id_ce_subjectKeyIdentifier, false, new asn.x509.SubjectKeyIdentifier(keyId(spki))),
    ],
  });
}

/**
 * Makes a server certificate of {@link LEAF_DAYS} days for these names, signed by the CA.
 *
 * @param names - host names and addresses; each must be one that the CA may sign
 * @example await makeLeaf(signer, ['localhost', '127.0.0.1', '::1'])
 */
export async function makeLeaf(signer: Signer, names: readonly string[]): Promise<Issued> {
  const asn = await load();
  const { publicKey, privateKey } = newKey();
  const spki = asn.spki(publicKey);
  const keyIdentifier = new asn.x509.KeyIdentifier(keyId(asn.spki(signer.publicKey)));
  const alternatives = names.map(
    (name) => new asn.x509.GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name }),
  );
  return asn.issue(signer.key, privateKey, {
    subject: asn.name('Bulwark local server'),
    issuer: asn.name(signer.commonName),
    spki,
    notAfter: new Date(Math.min(Date.now() + LEAF_DAYS * DAY, signer.notAfter.getTime())),
    extensions: [
      asn.extension(asn.x509.id_ce_basicConstraints, true, new asn.x509.BasicConstraints({ cA: false })),
      asn.extension(asn.x509.id_ce_keyUsage, true, new asn.x509.KeyUsage(asn.x509.KeyUsageFlags.digitalSignature)),
      asn.extension(asn.x509.id_ce_extKeyUsage, false, new asn.x509.ExtendedKeyUsage([asn.x509.id_kp_serverAuth])),
      asn.extension(asn.x509.id_ce_subjectAltName, false, new asn.x509.SubjectAlternativeName(alternatives)),
      asn.extension(asn.x509.id_ce_subjectKeyIdentifier, false, new asn.x509.SubjectKeyIdentifier(keyId(spki))),
      asn.extension(
        asn.x509.id_ce_authorityKeyIdentifier,
        false,
        new asn.x509.AuthorityKeyIdentifier({ keyIdentifier }),
      ),
    ],
  });
}

type X509 = typeof import('@peculiar/asn1-x509');
type Spki = InstanceType<X509['SubjectPublicKeyInfo']>;
type Name = InstanceType<X509['Name']>;
type Extension = InstanceType<X509['Extension']>;

interface Plan {
  readonly subject: Name;
  readonly issuer: Name;
  readonly spki: Spki;
  readonly notAfter: Date;
  readonly extensions: readonly Extension[];
}

interface Writer {
  readonly x509: X509;
  spki(key: KeyObject): Spki;
  name(commonName: string): Name;
  extension(id: string, critical: boolean, value: unknown): Extension;
  issue(signer: KeyObject, key: KeyObject, plan: Plan): Issued;
}

/** Loaded only where a certificate is made: a server with certificates of its own never pays for it. */
async function load(): Promise<Writer> {
  const [x509, { AsnConvert, OctetString }] = await Promise.all([
    import('@peculiar/asn1-x509'),
    import('@peculiar/asn1-schema'),
  ]);
  const algorithm = new x509.AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  return {
    x509,
    spki: (key) => AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), x509.SubjectPublicKeyInfo),
    name: (commonName) =>
      new x509.Name([
        new x509.RelativeDistinguishedName([
          new x509.AttributeTypeAndValue({
            type: '2.5.4.3',
            value: new x509.AttributeValue({ utf8String: commonName }),
          }),
        ]),
      ]),
    extension: (extnID, critical, value) =>
      new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) }),
    issue: (signer, key, plan) => {
      const tbsCertificate = new x509.TBSCertificate({
        version: x509.Version.v3,
        serialNumber: serialNumber(),
        signature: algorithm,
        issuer: plan.issuer,
        // An hour back: clocks of phones and virtual machines on the same desk differ.
        validity: new x509.Validity({ notBefore: new Date(Date.now() - 3_600_000), notAfter: plan.notAfter }),
        subject: plan.subject,
        subjectPublicKeyInfo: plan.spki,
        extensions: new x509.Extensions([...plan.extensions]),
      });
      const signatureValue = exact(sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), signer));
      const der = AsnConvert.serialize(
        new x509.Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue }),
      );
      return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(Buffer.from(der)) };
    },
  };
}

function newKey(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** RFC 5280 §4.2.1.2, method 1. */
function keyId(spki: Spki): ArrayBuffer {
  return exact(createHash('sha1').update(Buffer.from(spki.subjectPublicKey)).digest());
}

/** 127 random bits, positive, without a leading zero byte (RFC 5280 §4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return exact(bytes);
}

function exact(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
