admin {
  listen = "0.0.0.0:7080"
}
