package splunk

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/expr"
)

// Config is the block of a splunk output.
type Config struct {
	endpoints.Config
	Token          config.Secret     `hcl:"token"`                     // of the HTTP Event Collector
	Index          *expr.Template    `hcl:"index,optional"`            // may hold ${retention.class} and other fields; without it the token's default index
	Indexes        map[string]string `hcl:"indexes,optional"`          // index by retention class, before index is asked
	Sourcetype     *expr.Template    `hcl:"sourcetype,optional"`       // "_json" if not set; may hold fields, such as "kube:container:${kubernetes.container.name}"
	Source         string            `hcl:"source,optional"`           // the field that becomes source
	Host           string            `hcl:"host,optional"`             // the field that becomes host
	Fields         []string          `hcl:"fields,optional"`           // become indexed fields, which cost storage; all others are in the event itself
	DocumentID     bool              `hcl:"document_id,optional"`      // adds the indexed field sluice_id, by which repeats can be told
	MaxNames       int               `hcl:"max_names,optional"`        // distinct indexes, and distinct sourcetypes; beyond them values from events are left out of the name
	Ack            string            `hcl:"ack,optional"`              // "auto" waits for the indexer's acknowledgement where the token offers it, "required" sends nothing without it, "off" never waits
	AckTimeout     config.Duration   `hcl:"ack_timeout,optional"`      // what is not acknowledged by then is sent again
	MaxRequestSize config.Size       `hcl:"max_request_size,optional"` // before compression; Splunk Cloud refuses more than about 5MiB
	MaxEventSize   config.Size       `hcl:"max_event_size,optional"`   // of one document, not less than max_request_size; Splunk's maxEventSize
	OnLongEvent    string            `hcl:"on_long_event,optional"`    // "cut" shortens a longer document and marks it, "dead_letter" puts it aside
	ResendPrefix   bool              `hcl:"resend_prefix,optional"`    // sends again what stands before a refused document: for servers that store nothing of such a request
	Unacked        int               `hcl:"unacked,optional"`          // requests besides them that wait to be acknowledged
}

// The values of Config.Ack and Config.OnLongEvent.
const (
	ackAuto        = "auto"
	ackRequired    = "required"
	ackOff         = "off"
	longCut        = "cut"
	longDeadLetter = "dead_letter"
)

func defaults() Config {
	return Config{
		Config:         endpoints.Defaults(),
		Sourcetype:     expr.Literal("_json"),
		Source:         "log.file.path",
		Host:           "host.name",
		Fields:         []string{"service.name", "log.level", "kubernetes.namespace", "kubernetes.pod.name", "kubernetes.container.name"},
		DocumentID:     true,
		MaxNames:       200,
		Ack:            ackAuto,
		AckTimeout:     config.Duration(5 * time.Minute),
		MaxRequestSize: 2 << 20,
		MaxEventSize:   5 << 20,
		OnLongEvent:    longCut,
		Unacked:        16,
	}
}

// maxUnacked is how large the setting unacked can be.
const maxUnacked = 256

// Validate implements config.Validator.
func (c Config) Validate() []config.Problem {
	pages := slices.Clone(c.Endpoints)
	for i := range pages {
		pages[i].URL = withoutPage(pages[i].URL)
	}
	group := c.Config
	group.Endpoints = pages
	found := group.Problems(schemes()...)
	bad := func(attr, format string, args ...any) {
		found = append(found, config.Problem{Attr: attr, Summary: "Wrong value for " + attr, Detail: fmt.Sprintf(format, args...)})
	}
	if c.Ack != ackAuto && c.Ack != ackRequired && c.Ack != ackOff {
		bad("ack", `It can be "auto", "required" or "off", not %q.`, c.Ack)
	}
	for i, a := range c.Endpoints {
		if isDiscovered(a.URL) && c.Ack != ackOff {
			bad(fmt.Sprintf("endpoints[%d]", i), `What is behind it cannot be asked one by one, and only the indexer that took a request can acknowledge it. List the indexers, or set ack = "off".`)
		}
	}
	if c.OnLongEvent != longCut && c.OnLongEvent != longDeadLetter {
		bad("on_long_event", `It can be "cut" or "dead_letter", not %q.`, c.OnLongEvent)
	}
	if c.AckTimeout.Std() < time.Second {
		bad("ack_timeout", "It is %v. It must be 1s or more.", c.AckTimeout)
	}
	if c.MaxRequestSize < 64<<10 {
		bad("max_request_size", "It is %v. It must be 64KiB or more.", c.MaxRequestSize)
	}
	// So a document that is too long is alone in its request, which is the
	// only place where it can be dealt with.
	if c.MaxEventSize < c.MaxRequestSize {
		bad("max_event_size", "It is %v. It must not be less than max_request_size, which is %v.", c.MaxEventSize, c.MaxRequestSize)
	}
	if c.Unacked < 0 || c.Unacked > maxUnacked {
		bad("unacked", "It is %d. It can be 0 to %d.", c.Unacked, maxUnacked)
	}
	if c.MaxNames < 1 || c.MaxNames > 10000 {
		bad("max_names", "It is %d. It can be 1 to 10000.", c.MaxNames)
	}
	for _, f := range c.Fields {
		if !isFieldName(f) {
			bad("fields", "%q cannot be the name of an indexed field.", f)
		}
	}
	return append(found, c.indexProblems()...)
}

// check is Validate as one error, and what only a running agent must have.
func (c Config) check() error {
	var errs []error
	for _, p := range c.Validate() {
		if !p.Warning {
			errs = append(errs, fmt.Errorf("%s: %s", p.Attr, p.Detail))
		}
	}
	if !c.Token.IsSet() {
		errs = append(errs, errors.New("token is empty"))
	}
	return errors.Join(errs...)
}

// isFieldName reports whether a path can stand as a key in fields as it is.
func isFieldName(name string) bool {
	if name == "" || name == idField || len(name) > 200 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=' || c == ':' {
			return false
		}
	}
	return true
}
