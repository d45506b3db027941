/** What is shown as one picture: a heading, the names with their colours, the charts one below the other. */
import type { Colours } from "./colours";

export interface Picture {
  title: string;
  about: string;
  /** Colour and name of each line; none for charts that say it themselves. */
  names: { color: string; name: string }[];
  charts: string[];
}

const SCALE = 2;
const PAD = 20 * SCALE;
const LINE = 22 * SCALE;

/** A PNG as an address of its bytes, to be revoked. */
export async function pictureOf({ title, about, names, charts }: Picture, colours: Colours): Promise<string> {
  const images = await Promise.all(charts.map(loaded));
  const width = Math.max(...images.map((image) => image.width), 600) + 2 * PAD;
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d")!;
  const family = getComputedStyle(document.body).fontFamily;
  const font = (size: number, weight = 400) => `${weight} ${size * SCALE}px ${family}`;
  pen.font = font(13);
  const places = flow(names.map(({ name }) => pen.measureText(name).width + 34 * SCALE), width - 2 * PAD);
  const top = PAD + LINE * (2.6 + (names.length ? places.at(-1)!.row + 1.2 : 0));
  canvas.width = width;
  canvas.height = top + images.reduce((sum, image) => sum + image.height, 0) + PAD;

  pen.fillStyle = colours.surface;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.textBaseline = "top";
  pen.fillStyle = colours.text;
  pen.font = font(17, 600);
  pen.fillText(title, PAD, PAD, width - 2 * PAD);
  pen.font = font(13);
  pen.fillStyle = colours.muted;
  pen.fillText(about, PAD, PAD + LINE * 1.2, width - 2 * PAD);
  for (const [index, { color, name }] of names.entries()) {
    const { x, row } = places[index]!;
    const y = PAD + LINE * (2.6 + row);
    pen.fillStyle = color;
    pen.fillRect(PAD + x, y + 6 * SCALE, 14 * SCALE, 3 * SCALE);
    pen.fillStyle = colours.text;
    pen.fillText(name, PAD + x + 20 * SCALE, y);
  }
  let y = top;
  for (const image of images) {
    pen.drawImage(image, PAD, y);
    y += image.height;
  }
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  return URL.createObjectURL(blob!);
}

/** Puts things of these widths side by side, and in a new row where there is no room. */
export function flow(widths: number[], room: number): { x: number; row: number }[] {
  let x = 0;
  let row = 0;
  return widths.map((width) => {
    if (x > 0 && x + width > room) {
      x = 0;
      row += 1;
    }
    const place = { x, row };
    x += width;
    return place;
  });
}

async function loaded(source: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}
