package main

import (
	"fmt"

	_ "crypto/sha256"
	_ "crypto/sha512"
	"github.com/distribution/reference"
)

// The parts of an image reference, as containerd and Docker read them.
func image(asked []string) answer {
	named, err := reference.ParseNormalizedNamed(asked[0])
	if err != nil {
		return refused(err)
	}
	tag, digest := "", ""
	if tagged, is := named.(reference.Tagged); is {
		tag = tagged.Tag()
	}
	if digested, is := named.(reference.Digested); is {
		digest = string(digested.Digest())
	}
	return accepted(fmt.Sprintf("%s %s %s %s", reference.Domain(named), reference.Path(named), tag, digest))
}
