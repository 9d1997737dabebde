variable "environment" {
  default = "dev"
}

locals {
  noisy = ["/healthz"]
}

enrich "a" {
  set   = { env = var.enviroment }
  where = contains(local.noise, url.path)
}

input "file" "b" {
  paths   = ["/a/${var.missing}"]
  service = vars.environment
}
