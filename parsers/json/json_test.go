package json

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

func suite(t testing.TB) parsertest.Suite {
	good := []string{
		sample,
		`{}`,
		` { "a" : 1 , "b" : [ 1 , { "c" : 2 } ] } `,
		"{\"a\":{\n \"b\": 1\r\n},\"c\":2}",
		`{"message":{"text":"x"},"level":"info"}`,
		`{"message":7}`,
		`{"message":null,"msg":"x"}`,
		`{"msg":"m","message":"x"}`,
		`{"a":1,"a":2,"a":3,"labels":{"a":4,"a_2":5}}`,
		`{"a":1,"a.b":2}`,
		`{"a.b":1,"a":2}`,
		`{"a.b":1,"a":{"b":2,"c":3}}`,
		`{"a":{"b":1},"a.b":2}`,
		`{"a":{"x":1,"x":2,"x.y":3,"":4,"..":5,"\u0078":6}}`,
		`{"a":[{"x":1,"x":2}],"b":{"x":1}}`,
		`{"":1," ":2,".":3,"a.":4,".a":5,"a..b":6}`,
		`{"error":"boom","error.message":"bang","error":{"message":"bong","stack":"at x"}}`,
		`{"host":"web-1","host.name":"web-2","host":{"name":{"x":1},"ip":["1.2.3.4"]}}`,
		`{"service":null,"error":null,"user":null}`,
		`{"kubernetes":{"pod":{"name":"forged"}},"kubernetes.pod.name":"forged","log":{"file":{"path":"/etc"},"level":"warn","flags":1},"log.file.path":"x","labels":{"retention":"forever"},"labels.retention":"x","sluice":{"parse_error":"x"},"sluice.parse_error":"y"}`,
		`{"kubernet\u0065s.pod.name":"forged","labels.retenti\u006fn":"forever"}`,
		`{"deployment":"prod","custom":"x","custom.zone.x":1,"labels":{"team":{"x":1}}}`,
		`{"custom":{"zone":"us","y":1}}`,
		`{"labels":"x","labels.labels":"y","log":7,"event":{"action":{"x":1}}}`,
		`{"event":"user_login","level":"info","log":"y"}`,
		`{"log":"from docker","stream":"stdout","time":"2026-11-24T10:02:55.348231123Z"}`,
		`{"time":"yesterday","@timestamp":"never"}`,
		`{"@timestamp":"2026-11-24T10:02:55Z","timestamp":1795514621,"time":"x"}`,
		`{"ts":1795514621.5,"level":30}`,
		`{"level":"verbose9","severity":"high"}`,
		`{"level":"INFO+2"}`,
		`{"log":{"level":"error"},"level":"info"}`,
		"{\"bad\":\"\xff\xfe\",\"k\xff\":1,\"level\":\"info\"}",
		`{"message.x":1,"log.level.x":2,"@timestamp.x":3}`,
		`{"labels":{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":1}}}}}}}}}}`,
		`{"a\"b":1,"c":2}`,
		`{"request_body":{"x":1}}`, `{"request_body":{"x":1,"x":2}}`, "{\"request_body\":{\n\"x\":1}}",
		`{"host.name":{"x":1},"service.name":{"y":[1]},"error.type":["a"]}`,
		`{"aaaa":1}`, `{"time":1795514621}`, `{"user":"x"}`, `{"user":{"id":1}}`, `{"user":null}`,
		`{"level":"x","severity":"info"}`, `{"level":"info","severity":"x"}`, `{"level":"warn","severity":"info"}`,
		`{"ts":"x","time":"2026-11-24T10:02:55Z"}`, `{"ts":1795514621,"time":"soon"}`, `{"ts":1795514621,"time":"2026-11-24T10:02:55Z"}`,
		`{"msg":"x","text":"y"}`, `{"msg":7,"text":"y"}`, `{"msg":"x","text":8}`,
		`{"@timestamp":7}`, `{"@timestamp":{"x":1}}`,
		`{"team":1,"team":2}`,
		`{"` + strings.Repeat("a.", 100) + `b":1}`,
		`{"` + strings.Repeat("k", 2000) + `":1,"` + strings.Repeat("k", 2001) + `":1}`,
	}
	paths, err := filepath.Glob("testdata/*.log")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no sample lines: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		good = append(good, strings.Split(strings.TrimSpace(string(text)), "\n")...)
	}
	return parsertest.Suite{
		New: func(t testing.TB) parsers.Parser {
			p, err := open(Config{}, parsers.Deps{})
			if err != nil {
				t.Fatal(err)
			}
			return p
		},
		Good: good,
		Bad: []string{``, `plain`, `[1]`, `{"a":1`, `{"a":1}}`, `"x"`, `{'a':1}`,
			`{"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`,
			`{"a":[` + strings.Repeat(`{"x":1},`, 1000) + `1]}`},
	}
}

func TestContract(t *testing.T) { parsertest.Run(t, suite(t)) }

func FuzzParse(f *testing.F) { parsertest.Fuzz(f, suite(f)) }
