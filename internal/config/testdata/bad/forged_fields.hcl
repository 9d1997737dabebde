enrich "a" {
  set    = { "labels.retention" = "audit", "kubernetes.pod.name" = "x" }
  rename = { "ns" = "kubernetes.namespace", ".x" = "y" }
}
