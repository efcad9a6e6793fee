"""Explanations that stand under a report (HTML)."""

SCOPE = ("<b>Scope.</b> Failure to separate is a statement about this head of random signs and this threshold. A read-out "
         "along the special feature, with a threshold between a<sub>0</sub> f(D<sub>0</sub>) and a<sub>1</sub> "
         "f(D<sub>1</sub>), separates at every degree; the file's column <code>gap</code> says how widely.")

DEFINITIONS = (
    "<b>Success.</b> m random sign vectors make a trial; it succeeds if some vector fires on D<sub>1</sub> and none on "
    "D<sub>0</sub>. Rates carry Wilson's 95 % interval (Wilson 1927); where a rule ended the trials, one that holds at any "
    "stop (Robbins 1970), for the error that the rule took.",
    "<b>Exact probability.</b> A sign vector enters the head through three signs and one binomial count, so the "
    "probability of success is a finite sum. All degrees of one curve share their sign vectors: compare point by point.",
    "<b>Derived bounds.</b> Up to &beta;<sub>fail</sub> no sign vector fires on D<sub>1</sub>; from &beta;<sub>ok</sub> on "
    "some do. &beta;<sub>c</sub> is where the special row reaches the threshold with its own class's sign in favour and "
    "the other classes averaged out; &beta;<sub>up</sub> the same for D<sub>0</sub>, where separation ends; "
    "&beta;<sub>up,3&sigma;</sub> adds three standard deviations of the other classes' signs. All are consequences of the "
    "definitions of data and head, not constants quoted from a publication.",
)
