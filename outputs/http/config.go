package http

import (
	"fmt"
	nethttp "net/http"
	"slices"
	"strings"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
)

// Config is the block of an http output.
type Config struct {
	endpoints.Config
	Path           string                   `hcl:"path,optional"`             // of requests, behind that of the endpoint; "/v1/logs/" keeps its last slash
	Query          map[string]config.Secret `hcl:"query,optional"`            // of requests, "?key=value"; values are secrets
	Method         string                   `hcl:"method,optional"`           // "POST", "PUT" or "PATCH"
	Format         string                   `hcl:"format,optional"`           // "ndjson", a document on each line, or "json_array"
	Compression    string                   `hcl:"compression,optional"`      // "gzip", "zstd" or "none"
	ContentType    string                   `hcl:"content_type,optional"`     // application/x-ndjson or application/json, if not set
	Headers        map[string]config.Secret `hcl:"headers,optional"`          // of requests; values are secrets
	Username       string                   `hcl:"username,optional"`         // basic authentication
	Password       config.Secret            `hcl:"password,optional"`         // of the user
	Token          config.Secret            `hcl:"token,optional"`            // bearer authentication
	Status         *Statuses                `hcl:"status,optional"`           // which statuses mean what, where it is not as above
	MaxRequestSize config.Size              `hcl:"max_request_size,optional"` // before compression; a larger document goes alone
	MaxDocuments   int                      `hcl:"max_documents,optional"`    // in one request; 0 is no limit
}

// Statuses are lists of statuses: "404", "500-599", "5xx".
type Statuses struct {
	Success   []string `hcl:"success,optional"`   // all documents are taken
	Retry     []string `hcl:"retry,optional"`     // send all again
	Throttled []string `hcl:"throttled,optional"` // send all again, after the time that the server asks for
	TooLarge  []string `hcl:"too_large,optional"` // send all again in halves
	Poison    []string `hcl:"poison,optional"`    // a document can never be taken: find it by halves and make it a dead letter
	Config    []string `hcl:"config,optional"`    // a person must act: pause
}

// The values of Config.Format and Config.Compression.
const (
	formatNDJSON    = "ndjson"
	formatArray     = "json_array"
	compressionGzip = "gzip"
	compressionZstd = "zstd"
	compressionNone = "none"
)

func defaults() Config {
	return Config{
		Config: endpoints.Defaults(), Method: nethttp.MethodPost, Format: formatNDJSON, Compression: compressionGzip,
		MaxRequestSize: 4 << 20,
	}
}

// schemes are those that endpoints can have; one without is http, or https
// once there are credentials.
func (c Config) schemes() []string {
	if c.hasCredentials() {
		return []string{"https", "http"}
	}
	return []string{"http", "https"}
}

// hasCredentials reports whether requests hold what can be a secret.
func (c Config) hasCredentials() bool {
	return c.Token.IsSet() || c.Username != "" || len(c.Headers) > 0 || len(c.Query) > 0
}

// Validate implements config.Validator. It needs no network and no files.
func (c Config) Validate() []config.Problem {
	v := &validation{problems: c.Problems(c.schemes()...)}
	if c.Path != "" && (c.Path[0] != '/' || strings.ContainsAny(c.Path, "?#")) {
		v.bad("path", "Wrong value for path", "It begins with a slash, and holds no ? or #: query has a setting of its own.")
	}
	v.oneOf("method", c.Method, nethttp.MethodPost, nethttp.MethodPut, nethttp.MethodPatch)
	v.oneOf("format", c.Format, formatNDJSON, formatArray)
	v.oneOf("compression", c.Compression, compressionGzip, compressionZstd, compressionNone)
	v.headers(c)
	v.credentials(c)
	if _, err := newJudge(c.Status); err != nil {
		v.bad("status", "Wrong status", err.Error()+".")
	}
	if c.MaxRequestSize < 1<<10 {
		v.bad("max_request_size", "Wrong value for max_request_size", "It must be 1KiB or more.")
	}
	if c.MaxDocuments < 0 {
		v.bad("max_documents", "Wrong value for max_documents", "It must be 1 or more, or 0 for no limit.")
	}
	return v.problems
}

// validation collects problems.
type validation struct{ problems []config.Problem }

func (v *validation) bad(attr, summary, detail string) {
	v.problems = append(v.problems, config.Problem{Attr: attr, Summary: summary, Detail: detail})
}

func (v *validation) oneOf(attr, got string, allowed ...string) {
	if !slices.Contains(allowed, got) {
		v.bad(attr, "Wrong value for "+attr, fmt.Sprintf("It can be %q, not %q.", allowed, got))
	}
}

// ownHeaders are made from other settings, or from the body.
var ownHeaders = map[string]string{
	"Content-Type": "content_type", "Content-Encoding": "compression", "Content-Length": "", "Transfer-Encoding": "", "Connection": "",
}

func (v *validation) headers(c Config) {
	for name, value := range c.Headers {
		canonical := nethttp.CanonicalHeaderKey(name)
		setting, ours := ownHeaders[canonical]
		switch {
		case !isToken(name):
			v.bad("headers", "Wrong header", fmt.Sprintf("%q is no name of a header.", name))
		case ours && setting != "":
			v.bad("headers", "Wrong header", fmt.Sprintf("%s is made by the setting %s.", canonical, setting))
		case ours:
			v.bad("headers", "Wrong header", fmt.Sprintf("%s is made from the request's body.", canonical))
		case canonical == "Authorization" && (c.Token.IsSet() || c.Username != ""):
			v.bad("headers", "Two credentials", "Authorization is made by token, or by username and password.")
		case !isFieldValue(value.Reveal()):
			v.bad("headers", "Wrong header", fmt.Sprintf("The value of %s holds a character that no header can have, such as a line end.", canonical))
		}
	}
}

func (v *validation) credentials(c Config) {
	if c.Token.IsSet() && (c.Username != "" || c.Password.IsSet()) {
		v.bad("token", "Two credentials", "Set either token, or username and password.")
	}
	if c.Password.IsSet() && c.Username == "" {
		v.bad("password", "A password without a user", "Set username too.")
	}
	if !isFieldValue(c.Token.Reveal()) {
		v.bad("token", "Wrong value for token", "It holds a character that no header can have, such as a line end.")
	}
}

// isToken reports whether text can be a header's name (RFC 9110, 5.6.2).
func isToken(text string) bool {
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return text != ""
}

// isFieldValue reports whether text can be a header's value.
func isFieldValue(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
