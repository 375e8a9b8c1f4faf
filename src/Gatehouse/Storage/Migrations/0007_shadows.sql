-- The exchange of which this one was a copy for a second target.
ALTER TABLE exchanges ADD COLUMN shadow_of TEXT;
