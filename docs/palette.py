"""A picture in 256 colours, which is all that a page has: a third of the bytes."""

import base64
import struct
import zlib

import numpy as np
from playwright.sync_api import Page

PIXELS = """
async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const { width, height } = image;
  const pen = new OffscreenCanvas(width, height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const bytes = pen.getImageData(0, 0, width, height).data;
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return { width, height, pixels: btoa(text) };
}
"""
COLOURS = 256


def in_few_colours(page: Page, png: bytes) -> bytes:
    """The same PNG with the colours that are most of it; others as the nearest of them. `page` decodes it."""
    read = page.evaluate(PIXELS, base64.b64encode(png).decode())
    pixels = np.frombuffer(base64.b64decode(read["pixels"]), np.uint8).reshape(-1, 4)[:, :3]
    every, place, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    palette = every[np.argsort(-counts)[:COLOURS]]
    apart = ((every[:, None].astype(np.int32) - palette[None]) ** 2).sum(axis=2)
    lines = apart.argmin(axis=1).astype(np.uint8)[place.reshape(-1)].reshape(read["height"], read["width"])
    packed = np.hstack(
        [np.zeros((read["height"], 1), np.uint8), lines]
    ).tobytes()  # each line begins with its filter: none
    head = struct.pack(">IIBBBBB", read["width"], read["height"], 8, 3, 0, 0, 0)
    parts = {b"IHDR": head, b"PLTE": palette.tobytes(), b"IDAT": zlib.compress(packed, 9), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts.items())


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
