import { useRoute } from "../parts/router";
import { ExperimentPage } from "./experiment_page";
import { ExperimentsPage } from "./experiments_page";
import { NotFoundPage } from "./not_found_page";

export function App() {
  const route = useRoute();
  if (route.page === "experiments") return <ExperimentsPage {...route} />;
  if (route.page === "experiment") {
    return <ExperimentPage key={route.id} id={route.id} scale={route.scale} />;
  }
  return <NotFoundPage what={`The address ${route.path}`} />;
}
