enrich "a" {
  where = labels.app.kubernetes.io/name == "web"
  drop  = true
}
