/*
 * claims_prune.h
 *		Forgetting claims and failed attempts that nobody asks for any more.
 */
#ifndef SPINE_STATE_CLAIMS_PRUNE_H
#define SPINE_STATE_CLAIMS_PRUNE_H

/*
 * Deletes claims that ended, or whose lease did, longer than
 * spine.result_retention ago, and attempts at requests that are gone; at most
 * max of each; returns how many claims it was.
 */
extern int	claims_prune(int max);

#endif
