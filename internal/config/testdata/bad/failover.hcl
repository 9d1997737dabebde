input "file" "app" {
  paths = ["/var/log/app.log"]
}

output "elasticsearch" "a" {
  endpoints = ["a:9200"]
}

output "elasticsearch" "b" {
  endpoints = ["b:9200"]
}

output "elasticsearch" "c" {
  endpoints = ["c:9200"]
}

failover "itself" {
  primary = output.elasticsearch.a
  standby = output.elasticsearch.a
}

failover "good" {
  primary = output.elasticsearch.a
  standby = output.elasticsearch.b
  after   = "30s"
}

failover "again" {
  primary = output.elasticsearch.b
  standby = output.elasticsearch.c
}

failover "short" {
  primary = output.elasticsearch.c
  standby = output.elasticsearch.d
  after   = "1ms"
}

route "all" {
  to = [output.elasticsearch.a, output.elasticsearch.b]
}
