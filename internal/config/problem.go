package config

// Problem is what a component finds wrong with its own config.
type Problem struct {
	// Attr is the attribute that it is about, as the config file names it,
	// with a dot before those of a nested block: "tls.ca_file", and a number
	// for one element of a list, the first being "endpoints[0]". It gives the
	// message its place in the file. "" is the block as a whole.
	Attr    string
	Summary string // one line without a full stop, "Both api_key and password are set"
	Detail  string // what to do about it, in full sentences
	Warning bool   // it is no error
}

// Validator is implemented by component configs (on the pointer or the value)
// with rules beyond the types of their attributes. Validate is called after
// decoding, without I/O. Problems with attributes whose value is not known
// (`sluice validate` reads neither the environment nor files) are left out.
type Validator interface{ Validate() []Problem }

// ClassChecker is implemented by output configs whose settings must agree
// with the retention classes.
type ClassChecker interface {
	CheckClasses(classes []string) []Problem
}
