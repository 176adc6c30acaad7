"""Who is who: device keys, what a workspace's key opens, invitations."""
