import { BarChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

/** What a chart of bars shows: plain words, they are not escaped. */
export interface Bars {
  readonly title: string;
  readonly subtitle: string;
  /** From top to bottom. */
  readonly names: readonly string[];
  readonly series: readonly {
    readonly name: string;
    readonly color: string;
    readonly values: readonly (number | null)[];
  }[];
}

/** Draws bars side by side, with a line at 1, as the text of an SVG. */
export function barChart({ title, subtitle, names, series }: Bars): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 130 + names.length * 54 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, subtext: subtitle, left: 16, top: 10, textStyle: { fontSize: 16 } },
    legend: { bottom: 8, itemGap: 22 },
    grid: { left: 210, right: 50, top: 70, bottom: 55 },
    xAxis: { type: 'value', min: 0 },
    yAxis: { type: 'category', data: names, inverse: true, axisLabel: { width: 190, overflow: 'break' } },
    series: series.map(({ name, color, values }, i) => ({
      name,
      type: 'bar',
      color,
      data: values,
      label: { show: true, position: 'right', formatter: ({ value }: { value: unknown }) => Number(value).toFixed(2) },
      ...(i === 0 && {
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: '#555555', type: 'dashed' },
          label: { formatter: 'bare Express', position: 'start' },
          data: [{ xAxis: 1 }],
        },
      }),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // What it says of the pointer, in CSS, is of no use in a picture.
  return `${svg.replace(/<style.*?<\/style>/s, '').replace('>', `><title>${title}</title>`)}\n`;
}
