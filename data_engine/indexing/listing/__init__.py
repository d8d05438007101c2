"""Which files a source has, and which batch each belongs to; reading them is in the modules beside this folder."""
