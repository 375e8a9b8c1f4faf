// The web framework has a type of this name too; in this project it is always ours.
global using RouteOptions = Gatehouse.Routing.RouteOptions;
