import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

/** `npm run dev` beside a running stack: everything but the pages comes from it. */
const API = { target: "http://127.0.0.1:8000", changeOrigin: true };

export default defineConfig({
  plugins: [vue()],
  build: {
    outDir: "dist",
    modulePreload: { polyfill: false }, // would be a script inside the page
    assetsInlineLimit: 0,
    cssCodeSplit: false, // styles that failed to come are not asked for again: the page would be bare
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { "/api": API, "/agg": API, "/stream/": API, "/tasks": API } },
});
