/*
 * hooks.h
 *		What a spine must hear of: DROP and TRUNCATE of its relation, commands
 *		that need a database without connections.
 */
#ifndef SPINE_STATE_HOOKS_H
#define SPINE_STATE_HOOKS_H

/* Is a TRUNCATE of this relation under way, which its spine is yet to follow? */
extern bool hooks_truncating(Oid relid);

/* Installs the hooks; once, when the library is preloaded. */
extern void spine_install_hooks(void);

#endif
