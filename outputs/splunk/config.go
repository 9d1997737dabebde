package splunk

import (
	"errors"
	"fmt"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/expr"
)

// Config is the block of a splunk output.
type Config struct {
	Endpoints      []string          `hcl:"endpoints"`                 // addresses of indexers, heavy forwarders or a sticky balancer, "https://splunk:8088"; without a scheme https
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
	CAFile         string            `hcl:"ca_file,optional"`          // PEM of the authority that signed the server's certificate
	ClientCert     string            `hcl:"client_cert,optional"`      // PEM, for servers that ask for one
	ClientKey      string            `hcl:"client_key,optional"`       // PEM of its private key
	TLSSkipVerify  bool              `hcl:"tls_skip_verify,optional"`  // takes any certificate; for tests only
	Timeout        config.Duration   `hcl:"timeout,optional"`          // of one request, from its first byte to the last of its answer
	MaxRequestSize config.Size       `hcl:"max_request_size,optional"` // before compression; Splunk Cloud refuses more than about 5MiB
	MaxEventSize   config.Size       `hcl:"max_event_size,optional"`   // of one document, not less than max_request_size; Splunk's maxEventSize
	OnLongEvent    string            `hcl:"on_long_event,optional"`    // "cut" shortens a longer document and marks it, "dead_letter" puts it aside
	ResendPrefix   bool              `hcl:"resend_prefix,optional"`    // sends again what stands before a refused document: for servers that store nothing of such a request
	InFlight       int               `hcl:"in_flight,optional"`        // requests at a time that are being sent
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
		Sourcetype:     expr.Literal("_json"),
		Source:         "log.file.path",
		Host:           "host.name",
		Fields:         []string{"service.name", "log.level", "kubernetes.namespace", "kubernetes.pod.name", "kubernetes.container.name"},
		DocumentID:     true,
		MaxNames:       200,
		Ack:            ackAuto,
		AckTimeout:     config.Duration(5 * time.Minute),
		Timeout:        config.Duration(60 * time.Second),
		MaxRequestSize: 2 << 20,
		MaxEventSize:   5 << 20,
		OnLongEvent:    longCut,
		InFlight:       2,
		Unacked:        16,
	}
}

// check reports all that is wrong with c. It needs no network and no files.
func (c Config) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Endpoints) == 0 {
		bad("endpoints is empty")
	}
	if _, err := c.urls(); err != nil {
		errs = append(errs, err)
	}
	if !c.Token.IsSet() {
		bad("token is empty")
	}
	if c.Ack != ackAuto && c.Ack != ackRequired && c.Ack != ackOff {
		bad(`ack is %q: it can be "auto", "required" or "off"`, c.Ack)
	}
	if c.OnLongEvent != longCut && c.OnLongEvent != longDeadLetter {
		bad(`on_long_event is %q: it can be "cut" or "dead_letter"`, c.OnLongEvent)
	}
	if c.Timeout.Std() < time.Second {
		bad("timeout is %v: it must be 1s or more", c.Timeout)
	}
	if c.AckTimeout.Std() < time.Second {
		bad("ack_timeout is %v: it must be 1s or more", c.AckTimeout)
	}
	if c.MaxRequestSize < 64<<10 {
		bad("max_request_size is %v: it must be 64KiB or more", c.MaxRequestSize)
	}
	// So a document that is too long is alone in its request, which is the
	// only place where it can be dealt with.
	if c.MaxEventSize < c.MaxRequestSize {
		bad("max_event_size is %v: it must not be less than max_request_size, %v", c.MaxEventSize, c.MaxRequestSize)
	}
	if c.InFlight < 1 || c.InFlight > 64 {
		bad("in_flight is %d: it must be 1 to 64", c.InFlight)
	}
	if c.Unacked < 0 || c.Unacked > 256 {
		bad("unacked is %d: it must be 0 to 256", c.Unacked)
	}
	if c.MaxNames < 1 || c.MaxNames > 10000 {
		bad("max_names is %d: it must be 1 to 10000", c.MaxNames)
	}
	for _, f := range c.Fields {
		if !isFieldName(f) {
			bad("fields: %q cannot be the name of an indexed field", f)
		}
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
