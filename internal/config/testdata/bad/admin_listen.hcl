admin {
  listen = "7080"
}
