package expr

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/renthub/sluice/event"
)

// record is an event for tests.
type record map[string]event.Value

func (r record) Lookup(path string) event.Value { return r[path] }

func val(kind event.Kind, text string) event.Value {
	return event.Value{Kind: kind, Text: []byte(text)}
}

// booking is an event with a field of every kind.
var booking = record{
	"@timestamp":                    val(event.String, "2026-11-24T13:40:00.5Z"),
	"message":                       val(event.JSONString, `login of \"ann\" caf\u00e9`),
	"log.level":                     val(event.String, "warning"),
	"service.name":                  val(event.JSONString, "auth"),
	"http.response.status_code":     val(event.Number, "503"),
	"duration":                      val(event.String, "12.5"),
	"user.id":                       val(event.Number, "9007199254740993"),
	"cached":                        val(event.Bool, "true"),
	"fresh":                         val(event.String, "false"),
	"nothing":                       val(event.Null, "null"),
	"tags":                          val(event.JSON, `["vip", "a\"b", 7, [1,2], {"x":[1]}]`),
	"context":                       val(event.JSON, `{"a":1,"b":[2,3]}`),
	"labels.retention":              val(event.String, "audit"),
	"labels.app.kubernetes.io/name": val(event.String, "web"),
	"input":                         val(event.String, "stdin"),
	"url.path":                      val(event.String, "/healthz"),
	"letters":                       val(event.String, "ÄbC"),
}

func testScope() *Scope {
	return &Scope{
		Vars: map[string]cty.Value{
			"var": cty.ObjectVal(map[string]cty.Value{"environment": cty.StringVal("prod")}),
			"local": cty.ObjectVal(map[string]cty.Value{
				"noisy": cty.TupleVal([]cty.Value{cty.StringVal("/healthz"), cty.StringVal("/readyz")}),
				"codes": cty.TupleVal([]cty.Value{cty.NumberIntVal(500), cty.NumberIntVal(503)}),
				"key":   cty.StringVal("app.kubernetes.io/name"),
				"later": cty.UnknownVal(cty.String),
			}),
		},
		Classes: []string{"audit", "debug", "standard"},
	}
}

func parse(t testing.TB, src string) hclsyntax.Expression {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(src), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("parse %s: %v", src, diags)
	}
	return e
}

func TestConditions(t *testing.T) {
	tests := map[string]bool{
		`service.name == "auth"`:                          true,
		`service.name != "auth"`:                          false,
		`"auth" == service.name`:                          true,
		`service.name == "aut"`:                           false,
		`message == "login of \"ann\" café"`:              true, // escaped in the record
		`message == "login of \\\"ann\\\" caf\\u00e9"`:    false,
		`starts_with(message, "login of \"ann")`:          true,
		`ends_with(message, "café")`:                      true,
		`contains(message, "\"ann\"")`:                    true,
		`match(message, "caf\\S$")`:                       true,
		`http.response.status_code == 503`:                true,
		`http.response.status_code == "503"`:              true,
		`http.response.status_code >= 500`:                true,
		`http.response.status_code < 500.5`:               false,
		`500 < http.response.status_code`:                 true,
		`duration > 12`:                                   true,
		`duration == 12.50`:                               true,
		`duration > "12"`:                                 true, // both are text
		`user.id == 9007199254740993`:                     true,
		`user.id == 9007199254740992`:                     false,
		`9300000000000000000 > http.response.status_code`: true, // beyond int64
		`missing == "x"`:                                  false,
		`missing != "x"`:                                  true,
		`missing < 5`:                                     false,
		`missing >= 5`:                                    false,
		`missing == missing`:                              false,
		`missing == null`:                                 true,
		`nothing == null`:                                 true,
		`nothing != "x"`:                                  true,
		`service.name != null`:                            true,
		`cached`:                                          true,
		`cached == true`:                                  true,
		`fresh == false`:                                  true,
		`!fresh`:                                          true,
		`fresh`:                                           false,
		`missing`:                                         false,
		`message`:                                         false,
		`true`:                                            true,
		`!true`:                                           false,
		`1 == 1`:                                          true,
		`"1" == 1`:                                        true,
		`service.name == "auth" && cached`:                true,
		`service.name == "x" || cached`:                   true,
		`!(service.name == "x") && !missing`:              true,
		`service.name == "auth" ? cached : missing`:       true,
		`(cached ? "a" : "b") == "a"`:                     true,
		`timestamp > "2026-11-24"`:                        true,
		`hour(timestamp) == 13 && weekday(timestamp) == "tuesday"`:     true,
		`unix(timestamp) == 1795527600`:                                true,
		`format_time("2006", timestamp) == "2026"`:                     true,
		`age("2001-01-01T00:00:00Z") > 1000`:                           true,
		`retention.class == "audit"`:                                   true,
		`labels["app.kubernetes.io/name"] == "web"`:                    true,
		`labels[local.key] == "web"`:                                   true,
		`event["input"] == "stdin"`:                                    true,
		`event["service.name"] == "auth"`:                              true,
		`event["service"].name == "auth"`:                              true,
		`contains(local.noisy, url.path)`:                              true,
		`contains(["/x", "/y"], url.path)`:                             false,
		`contains(local.codes, http.response.status_code)`:             true,
		`contains(["500", "503"], http.response.status_code)`:          true,
		`contains(local.codes, "503")`:                                 true,
		`contains([service.name, "x"], "auth")`:                        true,
		`contains(tags, "vip")`:                                        true,
		`contains(tags, "a\"b")`:                                       true,
		`contains(tags, 7)`:                                            true,
		`contains(tags, "x")`:                                          false,
		`contains(context, "a")`:                                       false,
		`contains(split("/", url.path), "healthz")`:                    true,
		`join("-", split("/", url.path)) == "-healthz"`:                true,
		`join(",", tags) == "vip,a\"b,7,[1,2],{\"x\":[1]}"`:            true,
		`length(tags) == 5 && length(context) == 2`:                    true,
		`length(letters) == 3 && length(missing) == 0`:                 true,
		`lower(letters) == "äbc" && upper(letters) == "ÄBC"`:           true,
		`lower(message) == "login of \"ann\" café"`:                    true,
		`trim("  x ") == "x"`:                                          true,
		`replace(url.path, "z", "y") == "/healthy"`:                    true,
		`substr(letters, 1, 1) == "b" && substr(letters, 2, 9) == "C"`: true,
		`coalesce(missing, "", service.name) == "auth"`:                true,
		`coalesce(missing, nothing) == null`:                           true,
		`number("0x1") == null`:                                        true,
		`number(duration) * 2 == 25`:                                   true,
		`http.response.status_code / 100 == 5.03`:                      true,
		`floor(http.response.status_code / 100) == 5`:                  true,
		`ceil(1.2) + round(1.5) + abs(-1) - floor(-0.5) == 6`:          true,
		`http.response.status_code % 100 == 3`:                         true,
		`-duration == -12.5`:                                           true,
		`missing + 1 == 1`:                                             false,
		`http.response.status_code / 0 == null`:                        true,
		`min(5, duration, missing) == 5 && max(5, duration) == 12.5`:   true,
		`"${service.name}-${var.environment}" == "auth-prod"`:          true,
		`"${http.response.status_code}" == 503`:                        true,
		`var.environment == "prod"`:                                    true,
		`level_at_least("warn")`:                                       true,
		`level_at_least("error")`:                                      false,
		`local.later == "x"`:                                           false,
	}
	for src, want := range tests {
		t.Run(src, func(t *testing.T) {
			cond, diags := CompileCondition(parse(t, src), testScope())
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if got := cond(booking); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestConditionsThatAreRefused(t *testing.T) {
	tests := map[string]string{
		`service.name == "auth" && mtch(message, "x")`: `Did you mean "match"?`,
		`startsWith(message, "x")`:                     `Did you mean "starts_with"?`,
		`labels.app.kubernetes.io/name == "x"`:         `labels["app.kubernetes.io/name"]`,
		`kubernetes.labels.app/name == "x"`:            `kubernetes.labels["app/name"]`,
		`lower(message)`:                               `This is text.`,
		`5`:                                            `This is a number.`,
		`match(message, "(?=x)")`:                      `no look-ahead`,
		`match(message, "(")`:                          `RE2 says: missing closing )`,
		`match("x", message)`:                          `The field comes first`,
		`match(message, service.name)`:                 `must be known when the config is loaded`,
		`level_at_least("inof")`:                       `Did you mean "info"?`,
		`level_at_least(log.level)`:                    `must be known when the config is loaded`,
		`retention.class == "audti"`:                   `Did you mean "audit"?`,
		`[for x in tags : x] == 1`:                     `A for expression works on values that are known`,
		`length(tags[*].a) == 1`:                       `A splat`,
		`tags[0] == "x"`:                               `An element of a list cannot be picked`,
		`tags == ["x"]`:                                `Use contains(list, value)`,
		`cached > true`:                                `This is true or false.`,
		`message + 1 > 2 && lower(message) + 1 > 2`:    `Arithmetic needs numbers`,
		`output.splunk.audit == 1`:                     `names a block of the config`,
		`format("%s", message) == "x"`:                 `works on values that are known when the config is loaded`,
		`contains(message)`:                            `Usage: contains(list, value)`,
		`var.enviroment == "x"`:                        `enviroment`,
		`join(message, "x") == "y"`:                    `The separator comes first`,
		`format_time(timestamp, "2006") == "y"`:        `The layout comes first`,
	}
	for src, want := range tests {
		t.Run(src, func(t *testing.T) {
			cond, diags := CompileCondition(parse(t, src), testScope())
			if !diags.HasErrors() || !strings.Contains(diags.Error()+details(diags), want) {
				t.Errorf("got %v, want an error with %q", details(diags), want)
			}
			if diags[0].Subject == nil {
				t.Error("the error has no range")
			}
			_ = cond(booking)
		})
	}
}

func details(diags hcl.Diagnostics) string {
	var all []string
	for _, d := range diags {
		all = append(all, d.Summary+": "+d.Detail)
	}
	return strings.Join(all, "\n")
}

func TestLikelyMistakesAreWarnedOf(t *testing.T) {
	tests := map[string]string{
		`servce.name == "auth"`:  `Did you mean service.name?`,
		`service == "auth"`:      `Did you mean service.name?`,
		`log.level >= "warn"`:    `Use level_at_least`,
		`event["level"] == "x"`:  ``,
		`service.name == "x"`:    ``,
		`kubernetes.node == "x"`: ``,
	}
	for src, want := range tests {
		_, diags := CompileCondition(parse(t, src), testScope())
		if diags.HasErrors() || (want == "") != (len(diags) == 0) || !strings.Contains(details(diags), want) {
			t.Errorf("%s: got %q, want a warning with %q", src, details(diags), want)
		}
	}
}

func TestALevelThatIsNotKnownCountsAsInfo(t *testing.T) {
	for src, want := range map[string]bool{`level_at_least("info")`: true, `level_at_least("notice")`: false} {
		cond, _ := CompileCondition(parse(t, src), testScope())
		if got := cond(record{}); got != want {
			t.Errorf("%s: got %v, want %v", src, got, want)
		}
	}
}

type leveled struct {
	record
	level event.Severity
}

func (l leveled) Level() event.Severity { return l.level }

func TestARecordThatKnowsItsLevelIsAsked(t *testing.T) {
	cond, _ := CompileCondition(parse(t, `level_at_least("error")`), testScope())
	if !cond(leveled{booking, event.Fatal}) {
		t.Error("got false, want true: the record says fatal")
	}
}

func jsonExpr(t testing.TB, src string) hcl.Expression {
	t.Helper()
	f, diags := json.Parse([]byte(`{"x": `+src+`}`), "test.hcl.json")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	attrs, _ := f.Body.JustAttributes()
	return attrs["x"].Expr
}

func TestConditionsInJSON(t *testing.T) {
	for src, want := range map[string]bool{
		`"service.name == \"auth\""`:    true,
		`"${service.name == \"auth\"}"`: true,
		`"!cached"`:                     false,
		`true`:                          true,
	} {
		cond, diags := CompileCondition(jsonExpr(t, src), testScope())
		if diags.HasErrors() {
			t.Errorf("%s: %v", src, diags)
		}
		if got := cond(booking); got != want {
			t.Errorf("%s: got %v, want %v", src, got, want)
		}
	}
}

func TestTemplates(t *testing.T) {
	tests := []struct{ src, want, canon string }{
		{`"rh_${retention.class}"`, "rh_audit", "rh_${labels.retention}"},
		{`"plain"`, "plain", "plain"},
		{`"${var.environment}-x-${service.name}!"`, "prod-x-auth!", "prod-x-${service.name}!"},
		{`service.name`, "auth", "${service.name}"},
		{`"${message}"`, `login of "ann" café`, "${message}"},
		{`"[${missing}]"`, "[]", "[${missing}]"},
		{`"${coalesce(missing, "generic")}-${cached}-${http.response.status_code}"`, "generic-true-503", `${coalesce(missing,"generic")}-${cached}-${http.response.status_code}`},
		{`"%{ if cached }hot%{ else }cold%{ endif }"`, "hot", `${if(cached,"hot","cold")}`},
		{`"$${x}"`, "${x}", "$${x}"},
	}
	for _, tt := range tests {
		tmpl, diags := CompileTemplate(parse(t, tt.src), testScope())
		if diags.HasErrors() {
			t.Errorf("%s: %v", tt.src, diags)
			continue
		}
		if got := string(tmpl.Render(nil, booking)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.src, got, tt.want)
		}
		if got := tmpl.String(); got != tt.canon {
			t.Errorf("%s: canonical form: got %q, want %q", tt.src, got, tt.canon)
		}
	}
}

func TestATemplateSaysWhatItReads(t *testing.T) {
	tmpl, _ := CompileTemplate(parse(t, `"${service.name}-${lower(retention.class)}-${service.name}"`), testScope())
	if got, want := strings.Join(tmpl.Fields(), " "), "service.name labels.retention"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, constant := tmpl.Constant(); constant {
		t.Error("got constant, want not")
	}
	if text, ok := Literal("x").Constant(); !ok || text != "x" {
		t.Errorf("got %q %v, want x", text, ok)
	}
}

func TestNamesFromEventsAreConfined(t *testing.T) {
	allowed := func(c byte) bool { return c >= 'a' && c <= 'z' || c == '-' }
	tmpl, _ := CompileTemplate(parse(t, `"LOGS/${service.name}/${url.path}"`), testScope())
	evil := record{"service.name": val(event.String, `../..,*`), "url.path": val(event.String, "Abc-toolong")}
	got := tmpl.RenderParts(nil, evil, func(dst, value []byte) []byte { return Confine(dst, value, allowed, 7) })
	if want := "LOGS/_______/abc-too"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := string(Confine(nil, []byte(".."), func(c byte) bool { return c == '.' }, 10)); got != "_." {
		t.Errorf("dots: got %q, want _.", got)
	}
}

func TestValues(t *testing.T) {
	tests := []struct {
		src, want string
		kind      event.Kind
		constant  bool
	}{
		{`var.environment`, "prod", event.String, true},
		{`"x-${var.environment}"`, "x-prod", event.String, true},
		{`5`, "5", event.Number, true},
		{`1.5`, "1.5", event.Number, true},
		{`true`, "true", event.Bool, true},
		{`["a", 1]`, `["a",1]`, event.JSON, true},
		{`{ a = "b" }`, `{"a":"b"}`, event.JSON, true},
		{`null`, "", event.Missing, true},
		{`message`, `login of \"ann\" caf\u00e9`, event.JSONString, false},
		{`upper(service.name)`, "AUTH", event.String, false},
		{`http.response.status_code * 2`, "1006", event.Number, false},
		{`split("l", url.path)`, `["/hea","thz"]`, event.JSON, false},
		{`[service.name, message]`, `["auth","login of \"ann\" café"]`, event.JSON, false},
		{`tags`, `["vip", "a\"b", 7, [1,2], {"x":[1]}]`, event.JSON, false},
		{`missing`, "", event.Missing, false},
		{`cached && true`, "true", event.Bool, false},
	}
	for _, tt := range tests {
		v, diags := CompileValue(parse(t, tt.src), testScope())
		if diags.HasErrors() {
			t.Errorf("%s: %v", tt.src, diags)
			continue
		}
		got, kind := v.Append([]byte("<"), booking)
		if string(got) != "<"+tt.want || kind != tt.kind {
			t.Errorf("%s: got %s of kind %d, want %s of kind %d", tt.src, got, kind, tt.want, tt.kind)
		}
		if _, _, constant := v.Constant(); constant != tt.constant {
			t.Errorf("%s: constant: got %v, want %v", tt.src, constant, tt.constant)
		}
	}
}

func TestListsOfBrokenTextAreStillJSON(t *testing.T) {
	v, diags := CompileValue(parse(t, `[message]`), testScope())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	got, _ := v.Append(nil, record{"message": val(event.String, "a\xffb\x01é")})
	if want := "[\"a\uFFFDb\\u0001é\"]"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
