import { CARRIERS, Dice, type Make } from './kit.ts';

/** What may be behind `on`: the handlers of HTML, SVG and of single elements. */
const EVENTS =
  `abort afterprint animationcancel animationend animationiteration animationstart auxclick beforecopy beforecut
 beforeinput beforematch beforepaste beforeprint beforetoggle beforeunload begin blur cancel canplay canplaythrough change
 click close command contentvisibilityautostatechange contextmenu copy cuechange cut dblclick drag dragend dragenter dragleave
 dragover dragstart drop durationchange emptied end ended error focus focusin focusout formdata fullscreenchange
 gotpointercapture hashchange input invalid keydown keypress keyup load loadeddata loadedmetadata loadstart
 lostpointercapture message mousedown mouseenter mouseleave mousemove mouseout mouseover mouseup mousewheel offline online
 pagehide pageshow paste pause play playing pointercancel pointerdown pointerenter pointerleave pointermove pointerout
 pointerover pointerrawupdate pointerup popstate progress ratechange repeat reset resize scroll scrollend
 securitypolicyviolation seeked seeking select selectionchange selectstart slotchange stalled start submit suspend
 timeupdate toggle touchcancel touchend touchmove touchstart transitioncancel transitionend transitionrun transitionstart
 unhandledrejection unload volumechange waiting wheel`.split(/\s+/);

const ELEMENTS = [
  'a',
  'b',
  'body',
  'button',
  'details',
  'div',
  'form',
  'img',
  'input',
  'marquee',
  'object',
  'p',
  'video',
  'x-y',
  'ж',
];

/** Elements that fire their handler without anybody's help. */
const ALONE: readonly Make[] = [
  ...CARRIERS,
  (run) => `<input autofocus onfocus=${run}>`,
  (run) => `<textarea autofocus onfocus=${run}></textarea>`,
  (run) => `<select autofocus onfocus=${run}></select>`,
  (run) => `<p tabindex=1 autofocus onfocus=${run}>x`,
  (run) => `<marquee onstart=${run}>x</marquee>`,
  (run) => `<body onload=${run}>`,
  (run) => `<body onpageshow=${run}>`,
  (run) => `<object data=x onerror=${run}></object>`,
  (run) => `<embed src="javascript:${run}">`,
  (run) => `<object data="javascript:${run}"></object>`,
  (run) => `<link rel=stylesheet href="data:text/css," onload=${run}>`,
  (run) => `<script src=x onerror=${run}></script>`,
  (run) => `<script src="data:text/javascript,${run}"></script>`,
  (run) => `<script type=module>${run}</script>`,
  (run) => `<script>\n//\u2028${run}\n</script>`,
  (run) => `<style>@keyframes k{}</style><b style="animation-name:k" onanimationstart=${run}>x</b>`,
  (run) => `<track onerror=${run}><video><track default src=x onerror=${run}></video>`,
  (run) => `<video src=x onerror=${run}></video>`,
  (run) => `<input type=image src=x onerror=${run}>`,
  (run) => `<iframe onload=${run}></iframe>`,
  (run) => `<iframe src=x onload=${run}></iframe>`,
  (run) => `<img srcset=x onerror=${run}>`,
  (run) => `<picture><source srcset=x><img onerror=${run}></picture>`,
  (run) => `<form><button formaction="javascript:${run}">x</button></form>`,
  (run) => `<a href="javascript:${run}">x</a>`,
  (run) => `<a href=javascript:${run}>x`,
  (run) => `<area href="javascript:${run}">`,
];

/** How an attribute may be written. */
const SPELLINGS: readonly ((name: string, run: string) => string)[] = [
  (name, run) => ` ${name}=${run}`,
  (name, run) => ` ${name}="${run}"`,
  (name, run) => ` ${name}='${run}'`,
  (name, run) => `/${name}=${run}//`,
  (name, run) => `\n${name}\t=\r\n"${run}"`,
  (name, run) => ` x="y"${name}=${run}`,
  (name, run) => `\f${name}=${run};`,
  (name, run) => ` ${name}="&#${run.charCodeAt(0)};${run.slice(1)}"`,
  (name, run) => ` ${name}=${run} ${name}=0`,
];

/** Script elements, and every event handler on every sort of element, in changing spellings. */
export function tags(): Make[] {
  const dice = new Dice(1);
  const handlers = [0, 1, 2].flatMap((round) =>
    EVENTS.map((event, i): Make => {
      const element = ELEMENTS[(i + round * 7) % ELEMENTS.length] as string;
      const spelling = SPELLINGS[(i * 2 + round * 5) % SPELLINGS.length] as (typeof SPELLINGS)[number];
      const tag = round === 1 ? dice.mixCase(element) : element;
      const name = round === 2 ? dice.mixCase(`on${event}`) : `on${event}`;
      const body = round === 1 ? 'text' : '';
      return (run) => `<${tag}${spelling(name, run)}>${body}`;
    }),
  );
  const cased = ALONE.map((make): Make => {
    const around = dice.below(1000);
    return (run) => new Dice(around).mixCase(make('\u0001')).replaceAll('\u0001', run);
  });
  const broken: Make[] = ALONE.flatMap((make): Make[] => [
    (run) => `<<${make(run)}`,
    (run) => `x<!doctype>${make(run)}`,
    (run) => `${make(run).replace(/>/, '\n>')}</${'x'}`,
    (run) => `</p>${make(run)}`,
    (run) => make(run).replace(/ /, '/'),
    (run) => make(run).replace(/ /, '\u000c'),
  ]);
  return [...ALONE, ...cased, ...broken, ...handlers];
}
