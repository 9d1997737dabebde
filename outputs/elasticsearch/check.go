package elasticsearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/klauspost/compress/gzip"

	"github.com/renthub/sluice/outputs"
)

// clockSkew is how far the server's clock may be from ours.
const clockSkew = time.Minute

// findings are those of a check.
type findings []outputs.Finding

func (f *findings) add(step string, status outputs.CheckStatus, hint, format string, args ...any) {
	*f = append(*f, outputs.Finding{Step: step, Status: status, Detail: fmt.Sprintf(format, args...), Hint: hint})
}

// Check implements outputs.Checker.
func (o *Output) Check(ctx context.Context) []outputs.Finding {
	found, reached := o.group.Reach(ctx, o.now())
	f := findings(found)
	if !reached || !o.checkLogin(ctx, &f) {
		return f
	}
	if o.config.Product == productElasticsearch {
		o.checkRights(ctx, &f)
	} else {
		o.checkGzip(ctx, &f)
	}
	o.checkTemplates(ctx, &f)
	return f
}

// checkLogin asks the server what it is, with our credentials. It reports
// whether it is worth going on.
func (o *Output) checkLogin(ctx context.Context, f *findings) bool {
	answer, body, err := o.call(ctx, esapi.InfoRequest{})
	var e *refused
	switch {
	case errors.As(err, &e) && e.status == http.StatusUnauthorized:
		f.add("log in", outputs.CheckFailed, "look at api_key, or at username and password", "%v", e)
		return false
	case errors.As(err, &e) && e.status == http.StatusForbidden:
		f.add("log in", outputs.CheckPassed, "", "the credentials are taken; they may not see what the server is")
	case err != nil:
		f.add("log in", outputs.CheckFailed, "look at the server's own log", "%v", err)
		return false
	default:
		f.add("log in", outputs.CheckPassed, "", "%s takes the credentials", serverName(body))
	}
	if o.config.Product == productElasticsearch && answer.Header.Get("X-Elastic-Product") != "Elasticsearch" {
		f.add("product", outputs.CheckFailed, `set product = "any"`, "the server does not say that it is Elasticsearch")
		return false
	}
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		o.checkClock(at, f)
	}
	return true
}

func (o *Output) checkClock(at time.Time, f *findings) {
	skew := o.now().Sub(at).Round(time.Second)
	if skew.Abs() > clockSkew {
		f.add("clock", outputs.CheckWarned, "set the clock: documents of this host are found at other times", "ours is %v from the server's", skew)
		return
	}
	f.add("clock", outputs.CheckPassed, "", "it is that of the server")
}

// serverName is what an answer to GET / says of the server.
func serverName(body []byte) string {
	var info struct {
		Version struct {
			Number       string `json:"number"`
			Distribution string `json:"distribution"`
		} `json:"version"`
	}
	if json.Unmarshal(body, &info) != nil || info.Version.Number == "" {
		return "the server"
	}
	if info.Version.Distribution == "" {
		info.Version.Distribution = "Elasticsearch"
	}
	return fmt.Sprintf("%s %s", info.Version.Distribution, info.Version.Number)
}

// checkRights asks what the credentials may do. A server without security says
// nothing about it.
func (o *Output) checkRights(ctx context.Context, f *findings) {
	var patterns []string
	for _, t := range o.targets() {
		patterns = append(patterns, t.pattern)
	}
	ask, err := json.Marshal(map[string]any{"index": []any{map[string]any{"names": patterns, "privileges": []string{"create_doc", "auto_configure"}}}})
	if err != nil {
		f.add("rights", outputs.CheckFailed, "", "write the question: %v", err)
		return
	}
	_, body, err := o.call(ctx, esapi.SecurityHasPrivilegesRequest{Body: bytes.NewReader(ask)})
	var said struct {
		All   bool                       `json:"has_all_requested"`
		Index map[string]map[string]bool `json:"index"`
	}
	if err == nil {
		err = json.Unmarshal(body, &said)
	}
	var e *refused
	switch {
	case errors.As(err, &e) && (e.status == http.StatusBadRequest || e.status == http.StatusMethodNotAllowed || e.status == http.StatusInternalServerError):
		return // no security there
	case err != nil:
		f.add("rights", outputs.CheckWarned, "", "they are not shown: %v", err)
	case said.All:
		f.add("rights", outputs.CheckPassed, "", "the credentials may write to %s", patterns[0])
	default:
		for _, pattern := range patterns {
			for _, right := range []string{"create_doc", "auto_configure"} {
				if !said.Index[pattern][right] {
					f.add("rights", outputs.CheckFailed, "give it to the role of the user or key", "the credentials have no %s on %s", right, pattern)
				}
			}
		}
	}
}

// checkGzip sends what no server stores, compressed: a document to an index
// whose name no index can have.
func (o *Output) checkGzip(ctx context.Context, f *findings) {
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	_, err := w.Write([]byte(`{"create":{"_index":"_"}}` + "\n{}\n"))
	if err = errors.Join(err, w.Close()); err != nil {
		f.add("gzip", outputs.CheckFailed, "", "compress: %v", err)
		return
	}
	_, _, err = o.call(ctx, esapi.BulkRequest{Body: bytes.NewReader(body.Bytes()), Header: http.Header(bulkHeader).Clone()})
	var e *refused
	if errors.As(err, &e) && e.status == http.StatusForbidden {
		f.add("gzip", outputs.CheckFailed, "give the user or role the right to write", "bulk requests are refused: %v", e)
		return
	}
	if err != nil {
		f.add("gzip", outputs.CheckFailed, "the server must take compressed requests (http.compression and the like), or a proxy is in between that does not", "%v", err)
		return
	}
	f.add("gzip", outputs.CheckPassed, "", "the server reads compressed requests")
}

// checkTemplates looks at whether each class has a template, or gets one.
func (o *Output) checkTemplates(ctx context.Context, f *findings) {
	there, err := o.listTemplates(ctx)
	if err != nil {
		f.add("index", outputs.CheckWarned, "the first request tells whether templates are missing; to see and make them takes the right manage_index_templates", "templates are not shown: %v", err)
		return
	}
	for _, t := range o.targets() {
		switch p := findPlace(t, there); {
		case p.ours != nil:
			f.add("index", outputs.CheckPassed, "", "%s has template %s", t.pattern, t.template)
		case p.covering != nil:
			f.add("index", outputs.CheckPassed, "", "%s has template %s, whose retention is not ours", t.pattern, p.covering.Name)
		case o.config.Bootstrap == bootstrapIfMissing && p.priority >= 0:
			f.add("index", outputs.CheckPassed, "", "%s gets its template with the first request", t.pattern)
		default:
			f.add("index", outputs.CheckFailed, "sluice retention apply, or a template of your own", "%s has no template", t.pattern)
		}
	}
}
