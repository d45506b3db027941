import "@picocss/pico/css/pico.min.css";
import "./style.css";
import { createApp } from "vue";
import App from "./App.vue";
import { createPages } from "./router";

createApp(App).use(createPages()).mount("#app");
