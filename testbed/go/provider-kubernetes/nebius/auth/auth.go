// Package auth has the names that provider-kubernetes takes from the package of this name.
package auth

// BearerToken is what a cloud hands out.
type BearerToken struct {
	Token string
}

// PrivateKeyParser is what identifies a service account.
type PrivateKeyParser struct{}

// NewPrivateKeyParser takes a key, and forgets it.
func NewPrivateKeyParser(_ []byte, _, _ string) PrivateKeyParser {
	return PrivateKeyParser{}
}
