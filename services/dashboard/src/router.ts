import { createRouter, createWebHistory, type Router } from "vue-router";
import { late } from "./late";
import OverviewView from "./views/OverviewView.vue";

/** Every page is its address; back and forward find a page where it was left. */
export function createPages(): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: "/", component: OverviewView, meta: { title: "Overview" } },
      {
        path: "/streams/:stream",
        alias: "/batch/:stream",
        component: late(() => import("./views/StreamView.vue")),
        props: true,
        meta: { title: "Stream" },
      },
      { path: "/explore", component: late(() => import("./views/ExploreView.vue")), meta: { title: "Explore" } },
      { path: "/pipeline", component: late(() => import("./views/PipelineView.vue")), meta: { title: "Pipeline" } },
      { path: "/get-data", component: late(() => import("./views/GetDataView.vue")), meta: { title: "Get data" } },
      { path: "/:unknown(.*)*", redirect: "/" },
    ],
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
  });
  router.afterEach((to) => {
    const name = typeof to.params["stream"] === "string" ? to.params["stream"] : to.meta["title"];
    document.title = to.path === "/" ? "Tideline" : `${String(name)} · Tideline`;
  });
  return router;
}
