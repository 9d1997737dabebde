package main

// The largest package of all takes the compiler 20 seconds and needs little of
// what others do. Named here it is compiled among the first, with the rest
// beside it, and not last and alone.
import _ "github.com/elastic/go-elasticsearch/v8/esapi"
