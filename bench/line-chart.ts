import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** What a chart of lines shows. */
export interface Lines {
  /** Plain words: they are not escaped. */
  readonly title: string;
  readonly subtitle?: string;
  readonly x: string;
  readonly y: string;
  /** Whether the y axis is logarithmic; the x axis always is. */
  readonly logarithmic?: boolean;
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
}

/** Draws lines over a logarithmic x axis, as the text of an SVG. */
export function lineChart({ title, subtitle = '', x, y, logarithmic = false, lines }: Lines): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 420 });
  const axis = { nameLocation: 'middle', nameTextStyle: { fontSize: 13 } } as const;
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, subtext: subtitle, left: 16, top: 10, textStyle: { fontSize: 16 } },
    legend: { bottom: 8, itemGap: 22 },
    grid: { left: 90, right: 30, top: 70, bottom: 85 },
    xAxis: { ...axis, type: 'log', name: x, nameGap: 30, axisLabel: { formatter: short } },
    yAxis: { ...axis, type: logarithmic ? 'log' : 'value', name: y, nameGap: 60, min: logarithmic ? undefined : 0 },
    series: lines.map(({ name, points }) => ({ name, type: 'line', data: points, symbolSize: 7 })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // What it says of the pointer, in CSS, is of no use in a picture.
  const picture = svg.replace(/<style.*?<\/style>/s, '');
  return `${picture.replace('>', `><title>${title}</title>`)}\n`;
}

function short(value: number): string {
  return value >= 1e6 ? `${value / 1e6} M` : value.toLocaleString('en');
}
