/**
 * Tells how to make a machine trust the local CA: a few lines for a person, one per trust store. Nothing is ever
 * put into a trust store by the library itself.
 *
 * @param ca - path of the CA's certificate
 * @example console.log(trustHelp('/home/anna/.local/share/bulwark/ca.crt'))
 */
export function trustHelp(ca: string, platform: NodeJS.Platform = process.platform): string {
  const path = platform === 'win32' ? `"${ca}"` : `'${ca.replaceAll("'", `'\\''`)}'`;
  const stores = platform === 'win32' ? WINDOWS : platform === 'darwin' ? MACOS : LINUX;
  const lines = [...stores, ...EVERYWHERE].map(([where, command]) => `  ${where}: ${command.replaceAll('{ca}', path)}`);
  return `To make this machine trust the certificates of the local CA, run once:\n${lines.join('\n')}`;
}

type Store = readonly [where: string, command: string];

const LINUX: readonly Store[] = [
  [
    'Debian, Ubuntu',
    'sudo install -m 644 {ca} /usr/local/share/ca-certificates/bulwark-local-ca.crt && sudo update-ca-certificates',
  ],
  ['Fedora', 'sudo trust anchor {ca}'],
  [
    'Chromium, Chrome',
    `certutil -d sql:"$HOME/.pki/nssdb" -A -t C,, -n bulwark-local-ca -i {ca}  (package libnss3-tools)`,
  ],
];
const MACOS: readonly Store[] = [
  [
    'macOS (Safari, Chrome)',
    'security add-trusted-cert -r trustRoot -k "$HOME/Library/Keychains/login.keychain-db" {ca}',
  ],
];
const WINDOWS: readonly Store[] = [['Windows (Edge, Chrome)', 'certutil -user -addstore Root {ca}']];
const EVERYWHERE: readonly Store[] = [
  ['Firefox', 'Settings > Privacy & Security > Certificates > View Certificates > Authorities > Import {ca}'],
  ['Node.js', 'set NODE_EXTRA_CA_CERTS to {ca}'],
  ['curl', 'curl --cacert {ca} …'],
];
